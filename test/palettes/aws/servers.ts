/** Servers with the APIs of AWS that a test file starts for itself. */
import { kinesisCommand, tablesCommand } from '../../../stack/aws/local.ts'
import { motoCommand } from '../../../stack/aws/moto.ts'
import { OwnServer, type Place } from '../../servers/own-server.ts'
import { AwsProxy } from './aws-proxy.ts'

/** Whether anything is said by HTTP. */
const answers = ({ port }: Place) =>
  fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    () => false
  )

const portOf = (url: string) => Number(new URL(url).port)

/** Kinesis and DynamoDB behind one proxy, which has one endpoint for both and makes faults. */
export class AwsServers {
  readonly #kinesis = new OwnServer(
    'kinesis',
    async ({ port, tlsPort }) => kinesisCommand(port, tlsPort),
    answers
  )
  readonly #tables = new OwnServer('dynalite', async ({ port }) => tablesCommand(port), answers)
  readonly proxy = new AwsProxy()

  async start(): Promise<string> {
    const [kinesis, tables] = await Promise.all([this.#kinesis.start(), this.#tables.start()])
    await this.proxy.open({ kinesis: portOf(kinesis.url), tables: portOf(tables.url) })
    return this.proxy.url
  }

  async end(): Promise<void> {
    await this.proxy.refuse()
    // They keep nothing that an orderly end would save.
    await Promise.all([this.#kinesis.kill(), this.#tables.kill()])
    await Promise.all([this.#kinesis.end(), this.#tables.end()])
  }
}

export class MotoServer {
  readonly #server = new OwnServer('moto', ({ port }) => motoCommand(port), answers)
  url = ''

  async start(): Promise<string> {
    const { url } = await this.#server.start()
    this.url = `http://127.0.0.1:${portOf(url)}`
    return this.url
  }

  /** Whether keys and rights are checked. */
  async checksKeys(does: boolean): Promise<void> {
    await fetch(`${this.url}/moto-api/reset-auth`, { method: 'POST', body: does ? '0' : 'inf' })
  }

  end = (): Promise<void> => this.#server.end()
}
