/** Stands before an object store; answers in its place or keeps requests waiting, as it is told. */
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse
} from 'node:http'
import type { AddressInfo } from 'node:net'

export type Fault = 'hold' | { readonly status: number; readonly code: string }
type Rule = (method: string, path: string) => Fault | undefined

export class StoreProxy {
  readonly #server: Server
  #rule: Rule = () => undefined
  /** Requests that it has kept waiting. */
  held = 0
  faults = 0

  constructor(private readonly to: string) {
    this.#server = createServer((asked, answer) => this.#take(asked, answer))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async start(): Promise<void> {
    await new Promise<void>(listening => this.#server.listen(0, '127.0.0.1', listening))
  }

  /** What is held already stays so. */
  rule(rule: Rule): void {
    this.#rule = rule
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(closed => this.#server.close(closed))
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = asked
    const fault = this.#rule(method, decodeURIComponent(url))
    if (fault === 'hold') {
      this.held++
      asked.resume()
      return
    }
    if (fault !== undefined) {
      this.faults++
      asked.resume()
      answer.writeHead(fault.status, { 'content-type': 'application/xml' })
      answer.end(`<Error><Code>${fault.code}</Code><Message>told to</Message></Error>`)
      return
    }
    const passed = request(`${this.to}${url}`, { method, headers }, response => {
      answer.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(answer)
    })
    passed.on('error', () => answer.destroy())
    asked.pipe(passed)
  }
}
