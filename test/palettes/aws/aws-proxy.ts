/**
 * An HTTP proxy before servers of AWS that answers in their place, or refuses to connect, when it
 * is told to.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse
} from 'node:http'
import { text } from 'node:stream/consumers'

const HOST = '127.0.0.1'

/** What requests and answers hold, as far as tests look into them. */
export interface AwsBody {
  readonly Records?: readonly Readonly<Record<string, string>>[]
  readonly [name: string]: unknown
}

export interface Asked {
  /** What is asked, such as `PutRecords`. */
  readonly action: string
  readonly body: AwsBody
  /** The answer of the server to this request, or to another one in its place. */
  pass(body?: unknown): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly body: AwsBody
}

/** Answers in place of the server; undefined lets the request through. */
export type Fault = (asked: Asked) => Promise<Answer | undefined> | Answer | undefined

/** An error as services of AWS tell it. */
export const errorOf = (name: string, message = '', status = 400): Answer => ({
  status,
  body: { __type: name, message }
})

export class AwsProxy {
  fault: Fault | undefined
  /** How often each action was asked for. */
  readonly asked = new Map<string, number>()
  #server: Server | undefined
  #port = 0
  #ports = { kinesis: 0, tables: 0 }
  readonly #agent = new Agent({ keepAlive: true })

  get url(): string {
    return `http://${HOST}:${this.#port}`
  }

  /** Of the servers behind it. */
  get ports() {
    return this.#ports
  }

  async open(ports = this.#ports): Promise<void> {
    this.#ports = ports
    const server = createServer((from, to) => void this.#take(from, to).catch(() => to.destroy()))
    this.#server = server
    await new Promise<void>(resolve => server.listen(this.#port, HOST, resolve))
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  /** Nobody listens any more, until `open`. */
  async refuse(): Promise<void> {
    const closed = new Promise(resolve => this.#server?.close(resolve))
    this.#server?.closeAllConnections()
    await closed
  }

  async #take(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const target = String(from.headers['x-amz-target'] ?? '')
    const action = target.split('.').at(-1)!
    const body = await text(from)
    this.asked.set(action, (this.asked.get(action) ?? 0) + 1)
    const pass = (other?: unknown) =>
      this.#pass(from, other === undefined ? body : JSON.stringify(other))
    const parsed = body === '' ? {} : (JSON.parse(body) as AwsBody)
    const { status, body: answer } =
      (await this.fault?.({ action, body: parsed, pass })) ?? (await pass())
    to.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    to.end(JSON.stringify(answer))
  }

  #pass(from: IncomingMessage, body: string): Promise<Answer> {
    const isTable = String(from.headers['x-amz-target']).startsWith('DynamoDB')
    const port = isTable ? this.#ports.tables : this.#ports.kinesis
    const headers = { ...from.headers, 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve, reject) => {
      const options = { host: HOST, port, path: from.url, method: from.method!, headers }
      const asking = request({ ...options, agent: this.#agent }, async answer => {
        const said = await text(answer)
        resolve({
          status: answer.statusCode ?? 500,
          body: said === '' ? {} : (JSON.parse(said) as AwsBody)
        })
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }
}
