import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Scripted {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Stands before a server, and answers some of the writes in its place. */
export class Answering {
  readonly #server: Server
  /** What the next writes are answered; the server is asked once there is nothing left. */
  readonly answers: (Scripted | 'cut' | 'cut after')[] = []
  /** Sizes of the bodies that were passed on or answered, and when. */
  readonly seen: { readonly bytes: number; readonly atMs: number }[] = []
  /** What was answered, in that order. */
  readonly order: ('statement' | 'lines')[] = []
  /** What the next statements wait before they are passed on, or that they are not. */
  readonly statements: ('cut' | { readonly waitMs: number })[] = []
  /** A larger body is refused as one that is too large. */
  mostBytes = Number.POSITIVE_INFINITY

  private constructor(to: string) {
    this.#server = createServer((asked, answer) => {
      const isStatement = asked.url?.startsWith('/query') === true
      const chunks: Buffer[] = []
      asked.on('data', (chunk: Buffer) => chunks.push(chunk))
      asked.on('end', () => {
        const body = Buffer.concat(chunks)
        const isWrite = body.length > 0
        if (isWrite) this.seen.push({ bytes: body.length, atMs: performance.now() })
        const scripted =
          body.length > this.mostBytes
            ? { status: 413 }
            : isWrite
              ? this.answers.shift()
              : undefined
        const statement = isStatement ? this.statements.shift() : undefined
        if (scripted === 'cut' || statement === 'cut') asked.socket.destroy()
        else if (typeof scripted === 'object')
          answer.writeHead(scripted.status, scripted.headers ?? {}).end(scripted.body ?? '')
        else {
          const { method, headers, url } = asked
          const passed = request(`${to}${url}`, { method: method ?? 'GET', headers }, from => {
            if (scripted === 'cut after') {
              from.resume()
              from.on('end', () => asked.socket.destroy())
              return
            }
            if (isStatement || isWrite) this.order.push(isStatement ? 'statement' : 'lines')
            answer.writeHead(from.statusCode ?? 502, from.headers)
            from.pipe(answer)
          })
          passed.on('error', () => asked.socket.destroy())
          setTimeout(() => passed.end(body), statement?.waitMs ?? 0)
        }
      })
    })
  }

  static async before(to: string): Promise<Answering> {
    const made = new Answering(to)
    await new Promise<void>(done => made.#server.listen(0, '127.0.0.1', done))
    return made
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
