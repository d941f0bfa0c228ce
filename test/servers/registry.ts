/** A schema registry that a test file starts for itself. */
import { apicurioCommand } from '../../stack/apicurio/launcher.ts'
import { OwnServer, type Place } from './own-server.ts'

const API = '/apis/ccompat/v7'

const answers = ({ port }: Place) =>
  fetch(`http://127.0.0.1:${port}${API}/subjects`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false
  )

export class RegistryServer {
  readonly #server = new OwnServer('apicurio', ({ port }) => apicurioCommand(port), answers)
  url = ''

  async start(): Promise<string> {
    const { url } = await this.#server.start()
    this.url = `${url.replace(/^mqtt:/, 'http:')}${API}`
    return this.url
  }

  kill = (): Promise<void> => this.#server.kill()
  restart = (): Promise<void> => this.#server.restart()
  end = (): Promise<void> => this.#server.end()

  /** The rule that later versions of a subject have to keep, such as BACKWARD. */
  async demand(subject: string, compatibility: string): Promise<void> {
    await fetch(`${this.url}/config/${encodeURIComponent(subject)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ compatibility })
    })
  }

  /** Gives the id. */
  async register(subject: string, schema: object): Promise<number> {
    const response = await fetch(`${this.url}/subjects/${encodeURIComponent(subject)}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify(schema)
    })
    const answer = (await response.json()) as { id?: number }
    if (typeof answer.id !== 'number') throw new Error(JSON.stringify(answer))
    return answer.id
  }
}
