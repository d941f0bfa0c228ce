import {
  type OpenSink,
  PublishedRecords,
  pause,
  type SinkPort,
  SlicedQueue,
  Unpublishable,
  type WriteRequest
} from '@millrace/node-red-telemetry'
import type { Connection, Message, message as MessageForms } from 'rhea'
import type { AmqpConnection } from '../../core/connection.ts'
import type { AmqpServer } from '../../core/server.ts'
import { AddressLine } from './address-line.ts'
import { Composer, type PublishOptions } from './logic.ts'
import type { Sending } from './request.ts'

/** Links that stay open; the one that was not used for longest is closed for another. */
const MOST_LINES = 256
const LOOK_MS = 50
const GOODBYE_MS = 2_000

export interface AmqpSinkOptions {
  readonly server: AmqpServer
  readonly nodeId: string
  readonly options: PublishOptions
  readonly port: SinkPort
}

/** Publishes over one connection, with a link for each address. */
export class AmqpSink implements OpenSink {
  readonly #composer: Composer
  readonly #coming = new SlicedQueue<PublishedRecords>({
    take: (of, index) => this.#take(of, index),
    taken: of => of.less(),
    failed: (of, error) => of.fail(error)
  })
  readonly #lines = new Map<string, AddressLine>()
  readonly #link: AmqpConnection
  #connection: Connection | undefined
  #uses = 0
  #forms: typeof MessageForms | undefined

  constructor(private readonly sink: AmqpSinkOptions) {
    const { server, nodeId, options, port } = sink
    this.#composer = new Composer(options)
    this.#link = server.connection(nodeId, {
      open: connection => void this.#opened(connection),
      lost: problem => {
        this.#connection = undefined
        for (const line of this.#lines.values()) line.detach()
        port.down({
          words: problem.short,
          sentence: `${problem.message} The node keeps trying.`,
          mend: problem.needsPerson
        })
      }
    })
    this.#link.start()
  }

  write(request: WriteRequest): void {
    this.#coming.add(new PublishedRecords(request))
  }

  #take(of: PublishedRecords, index: number): void {
    const message = this.#composer.message(of.records[index])
    if (message instanceof Unpublishable) {
      of.refuse(index, message.reason)
      return
    }
    of.opened()
    this.#lineOf(message.address).add({ message, of, index })
  }

  waitsFor(): string | undefined {
    const back = Math.max(0, ...[...this.#lines.values()].map(line => line.givenBack))
    if (back > 0) return `given back ${back} times`
    const { oldestMs } = this.sink.port
    return oldestMs >= 5_000 ? `no answer for ${Math.round(oldestMs / 1000)} s` : undefined
  }

  async close(limitMs: number): Promise<void> {
    const untilMs = performance.now() + limitMs
    const isOpen = () =>
      !this.#coming.isEmpty || [...this.#lines.values()].some(line => !line.isEmpty)
    while (isOpen() && this.#connection !== undefined && performance.now() < untilMs)
      await pause(LOOK_MS)
    for (const line of this.#lines.values()) line.end()
    await this.#link.close(GOODBYE_MS)
  }

  async #opened(connection: Connection): Promise<void> {
    this.#forms ??= (await import('rhea')).default.message
    this.#connection = connection
    if (this.#lines.size === 0 || this.#isFixed) this.#fixedLine()
    for (const line of this.#lines.values()) line.attach(connection)
    if (!this.#isFixed) this.#serves()
  }

  /** One address for all records: it is opened before the first comes, so that trouble shows. */
  get #isFixed(): boolean {
    return !/[{}]/.test(this.sink.options.address)
  }
  #fixedLine(): void {
    const { address } = this.sink.options
    if (this.#isFixed && !this.#lines.has(address)) this.#lines.set(address, this.#newLine(address))
  }

  #serves(): void {
    this.#link.works()
    this.sink.port.up()
  }

  #lineOf(address: string): AddressLine {
    let line = this.#lines.get(address)
    if (line === undefined) {
      this.#makeRoom()
      line = this.#newLine(address)
      this.#lines.set(address, line)
      if (this.#connection !== undefined) line.attach(this.#connection)
    }
    line.usedAt = ++this.#uses
    return line
  }

  #newLine(address: string): AddressLine {
    const { server, options, port } = this.sink
    return new AddressLine(address, {
      server: server.kind,
      kind: options.kind,
      encode: sending => this.#encoded(sending),
      opened: () => this.#serves(),
      notServed: problem => {
        // Of many addresses one that is wrong must not keep the others waiting.
        if (!this.#isFixed && problem.needsPerson) return true
        const { short: words, message: sentence, needsPerson: mend } = problem
        port.down({ words, sentence: `${sentence} The node keeps trying.`, mend })
        return false
      }
    })
  }

  #makeRoom(): void {
    if (this.#lines.size < MOST_LINES) return
    const idle = [...this.#lines.values()].filter(line => line.isEmpty)
    const oldest = idle.sort((a, b) => a.usedAt - b.usedAt)[0]
    if (oldest === undefined) return
    oldest.end()
    this.#lines.delete(oldest.address)
  }

  #encoded({ message: { body, beside } }: Sending): Message {
    const bytes = () => (typeof body === 'string' ? Buffer.from(body) : body)
    const asText = this.sink.options.section === 'value'
    return {
      ...beside,
      body: asText ? body.toString() : this.#forms!.data_section(bytes())
    } as unknown as Message
  }
}
