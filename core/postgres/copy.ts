import type { Connection, Submittable } from 'pg'
import type { Session } from './pool.ts'

interface CommandComplete {
  readonly text: string
}

/**
 * COPY FROM STDIN of bytes that are all there. Measured against pg-copy-streams, see docs; it is a stream for data of any
 * length, with a cork, a queue and some ticks that one buffer does not need.
 */
class CopyIn implements Submittable {
  #rows = 0

  constructor(
    readonly text: string,
    readonly messages: Buffer,
    readonly resolve: (rows: number) => void,
    readonly reject: (error: unknown) => void
  ) {}

  submit(connection: Connection): void {
    connection.query(this.text)
  }

  /** The data waits for the server's word: a pooler between would be left with data of a COPY that failed at once. */
  handleCopyInResponse(connection: Connection): void {
    connection.stream.write(this.messages)
  }

  handleCommandComplete({ text }: CommandComplete): void {
    this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0)
  }

  handleReadyForQuery(): void {
    this.resolve(this.#rows)
  }

  /** pg forgets the query after an error, so this is the last that it hears; ReadyForQuery goes to the next one. */
  handleError(error: unknown): void {
    this.reject(error)
  }
}

/** Sends the messages CopyData and CopyDone for this COPY … FROM STDIN. Returns how many rows were stored. */
export function copyIn(session: Session, text: string, messages: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    session.query(new CopyIn(text, messages, resolve, reject))
  })
}
