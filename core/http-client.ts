import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as SecureAgent } from 'node:https'
import type { TlsOptions } from './tls.ts'

/** A server, and how it is asked. */
export interface HttpServer {
  /** http:// or https://, without a slash at its end. */
  readonly url: string
  /** The header that says who asks; undefined for nobody. */
  readonly authorization: string | undefined
  readonly tls: TlsOptions | undefined
  readonly timeoutMs: number
}

/** What a server has answered. */
export interface ServerAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** How long it asks to wait; undefined where it does not say. */
  readonly retryAfterMs?: number | undefined
  readonly version?: string | undefined
}

export interface Asking {
  readonly method?: 'GET' | 'POST'
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** An answer that names thousands of lines is read whole; one without an end is not. */
const MAX_ANSWER_BYTES = 8_000_000
const KEEP_ALIVE_MS = 20_000
/** More requests at once wait for one of these. */
const MAX_SOCKETS = 16

/** Requests to one server, over connections that are kept. */
export class HttpClient {
  readonly #agent: Agent
  readonly #isSecure: boolean

  constructor(private readonly server: HttpServer) {
    this.#isSecure = server.url.startsWith('https:')
    const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: MAX_SOCKETS }
    this.#agent = this.#isSecure
      ? new SecureAgent({ ...options, ...server.tls })
      : new Agent(options)
  }

  /**
   * Rejects where no answer came. A connection that was kept may have been closed by the server
   * meanwhile: then it is asked once more, over another.
   */
  async ask(path: string, asking: Asking = {}): Promise<ServerAnswer> {
    try {
      return await this.#ask(path, asking)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      return this.#ask(path, asking)
    }
  }

  #ask(path: string, { method = 'GET', body, headers, signal }: Asking): Promise<ServerAnswer> {
    return new Promise((resolve, reject) => {
      const { url, timeoutMs, authorization } = this.server
      const request = (this.#isSecure ? requestHttps : requestHttp)(`${url}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          accept: 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-length': body.length }),
          ...headers
        }
      })
      const late = setTimeout(() => request.destroy(new NoAnswer(timeoutMs)), timeoutMs)
      const abort = () => request.destroy(new Error('the node was stopped'))
      if (signal?.aborted) abort()
      else signal?.addEventListener('abort', abort)
      request.on('error', error => reject(wrapped(error, request)))
      request.on('response', response => read(response, resolve, reject))
      request.on('close', () => {
        // Nothing more comes, such as after a change of the protocol that nobody asked for.
        reject(new Error('the connection ended without an answer'))
        clearTimeout(late)
        signal?.removeEventListener('abort', abort)
      })
      request.end(body)
    })
  }

  /** Ends its connections. */
  close(): void {
    this.#agent.destroy()
  }
}

/** The server took the request and has not answered in time. */
export class NoAnswer extends Error {
  constructor(limitMs: number) {
    super(`no answer for ${Math.round(limitMs / 1000)} s`)
  }
}

/** More than any answer has; what is left of it is not read. */
export class EndlessAnswer extends Error {}

class StaleConnection extends Error {}

const wrapped = (error: Error, { reusedSocket }: ClientRequest): Error =>
  reusedSocket && ['ECONNRESET', 'EPIPE'].includes(String((error as NodeJS.ErrnoException).code))
    ? new StaleConnection(error.message, { cause: error })
    : error

function read(
  response: IncomingMessage,
  resolve: (answer: ServerAnswer) => void,
  reject: (error: Error) => void
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) response.destroy(new EndlessAnswer('the answer has no end'))
    else chunks.push(chunk)
  })
  response.on('error', reject)
  response.on('end', () => {
    const { statusCode = 0, headers } = response
    resolve({
      status: statusCode,
      type: headers['content-type'] ?? '',
      body: Buffer.concat(chunks).toString(),
      retryAfterMs: retryAfterMs(headers['retry-after']),
      version: [headers['x-influxdb-version']].flat()[0]
    })
  })
}

const MOST_WAIT_MS = 10 * 60_000

/** Seconds, or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MOST_WAIT_MS)
}
