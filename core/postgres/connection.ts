import type { Socket } from 'node:net'
import type { Client, ClientConfig } from 'pg'
import type { HostAndPort } from '../address.ts'
import { endOnRubbish } from '../end-on-rubbish.ts'
import { failedAt, type Hosts } from './hosts.ts'
import type { ReadLogin } from './login.ts'

/** What a client has that its types do not say. */
interface Internals {
  readonly connection?: {
    readonly stream: Socket
    on(event: 'sslconnect', listener: () => void): void
  }
  readonly processID?: number | null
  getTransactionStatus?(): string | null
  readonly connectionParameters: { user: string | undefined }
  user: string | undefined
  password: () => string
}

const hostOf = new WeakMap<object, HostAndPort>()

/** The host that a client is of. */
export const hostOfClient = (client: object): HostAndPort | undefined => hostOf.get(client)

/** What the server calls the connection: the number of its process, or what a pooler makes up. */
export const keyOf = (client: object): number => (client as Internals).processID ?? 0

/** pg has no public way to give a connection up without the server's help. */
export function cut(client: object, reason: Error): void {
  ;(client as Internals).connection?.stream.destroy(reason)
}

export function isInTransaction(client: object): boolean {
  const status = (client as Internals).getTransactionStatus?.()
  return status === 'T' || status === 'E'
}

type Connected = (error: Error | null, client: Client) => void

/**
 * The driver's client, which goes to the host that is tried first when it is made, and asks for
 * user and password when it connects.
 */
export function clientOf(
  Base: typeof Client,
  hosts: Hosts,
  login: ReadLogin | undefined,
  limitMs: number
): typeof Client {
  class HostClient extends Base {
    readonly #host: HostAndPort

    constructor(config?: ClientConfig) {
      const host = hosts.current
      // the pool hides the password from whoever looks at its options, and from a spread of them
      super({ ...config, password: config?.password ?? '', host: host.host, port: host.port })
      this.#host = host
      hostOf.set(this, host)
      const { connection } = this as unknown as Internals
      connection?.on('sslconnect', () => endOnRubbish(connection.stream))
    }

    // as the pool calls it
    override connect(connected?: unknown): never {
      const tell = connected as Connected
      const internals = this as unknown as Internals
      let from: string | undefined
      const done: Connected = (error, client) => {
        if (error) {
          const { user } = internals
          failedAt(error, {
            ...this.#host,
            ...(user !== undefined && { user }),
            ...(from !== undefined && { from })
          })
          hosts.leave(this.#host)
        }
        tell(error, client)
      }
      if (login === undefined) super.connect(done as (error: Error) => void)
      else
        void within(limitMs, login()).then(
          found => {
            from = found.from
            if (found.user !== undefined)
              internals.user = internals.connectionParameters.user = found.user
            internals.password = () => found.password
            super.connect(done as (error: Error) => void)
          },
          error => {
            // it was made with the client, and nobody would close it
            internals.connection?.stream.destroy()
            tell(error as Error, this)
          }
        )
      return undefined as never
    }
  }
  return HostClient
}

/** A file may be on a disk that does not answer. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error('the password of the database could not be read in time (timeout)')),
      limitMs
    )
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
