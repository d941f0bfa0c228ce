import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { backoffMs, pause } from '../../core/backoff.ts'
import type { Code } from '../../core/errors.ts'
import { type Verdict, verdictOf } from '../../core/influx/answer.ts'
import type { InfluxClient } from '../../core/influx/client.ts'
import { productOf } from '../../core/influx/products.ts'
import { type Target, writePath } from '../../core/influx/settings.ts'
import { isOfTls, troubleSentence, troubleWords } from '../../core/influx/trouble.ts'
import type { Reason } from '../../core/record/record.ts'
import type { SinkTrouble } from '../../core/sink/types.ts'
import { closedError } from './line-writer.ts'
import { Parts, type Witness } from './parts.ts'
import type { LineBatch } from './pending.ts'

export interface DeliveryPort {
  up(): void
  down(trouble: SinkTrouble): void
  /** Work of so many records is tried again. */
  retried(records: number): void
}

export interface DeliveryOptions {
  readonly client: InfluxClient
  readonly target: Target
  readonly gzip: boolean
}

/** A limit below this is not one of requests. */
const LEAST_LIMIT = 1_000
/** Fewer bytes are not worth the work. */
const LEAST_GZIP_BYTES = 1_000
/** A server that is back should not wait for us; one try each few seconds burdens nobody. */
const WAITS = { initialMs: 200, maxMs: 5000 }

const compress = promisify(gzip)

/**
 * Has batches stored. While the server is in trouble, one request tries and all others wait for
 * what becomes of it.
 */
export class LineDelivery {
  readonly #closing = new AbortController()
  #outage:
    | { readonly prober: object; attempt: number; readonly over: Promise<void>; end(): void }
    | undefined
  /** Since when the oldest request that is under way goes on. */
  readonly #begun = new Set<{ readonly atMs: number }>()
  readonly #path: string
  /** What the server takes in one request, as far as it has said so. */
  mostBytes = Number.POSITIVE_INFINITY
  #sentBytes = 0
  readonly #witness: Witness = { line: undefined }

  constructor(
    private readonly options: DeliveryOptions,
    private readonly port: DeliveryPort
  ) {
    this.#path = writePath(options.client.settings, options.target)
  }

  get isOutage(): boolean {
    return this.#outage !== undefined
  }
  /** How long the oldest request goes on without an answer; 0 while there is none. */
  get heldMs(): number {
    const [oldest] = this.#begun
    return oldest === undefined ? 0 : performance.now() - oldest.atMs
  }

  /** What is waited for ends, and no answer is waited for any more. */
  end(): void {
    this.#closing.abort()
    this.options.client.close()
  }

  /** Tries until it works. @throws when all ends */
  async until(work: () => Promise<Verdict>): Promise<void> {
    const prober = {}
    for (;;) {
      const verdict = await this.#tried(prober, work)
      if (verdict.kind !== 'busy' && verdict.kind !== 'away' && verdict.kind !== 'setting') break
      await this.#wait(prober, verdict)
    }
    this.#over(prober)
    this.port.up()
  }

  /** Resolves when every line of the batch is stored or refused. @throws when all ends */
  async write(batch: LineBatch): Promise<void> {
    const parts = new Parts(batch, this.#witness)
    for (let lines = parts.next(); lines !== undefined; lines = parts.next()) {
      const sent = lines
      const verdict = await this.#tried(parts, () => this.#send(sent))
      if (this.#settles(parts, verdict)) {
        if (verdict.kind !== 'doubtful') this.#over(parts)
        continue
      }
      this.port.retried(lines.length)
      await this.#wait(parts, verdict)
    }
    this.#over(parts)
  }

  /** False where the server is to be waited for. */
  #settles(parts: Parts, verdict: Verdict): boolean {
    const reasonOf = (says: string) => refusal(this.#name, says)
    switch (verdict.kind) {
      case 'stored':
        parts.stored()
        return true
      case 'lines':
        parts.refuse(new Map([...verdict.refused].map(([at, says]) => [at, reasonOf(says)])))
        return true
      case 'all':
        parts.refuseAll(reasonOf(verdict.says))
        return true
      case 'some':
        parts.halve(reasonOf(verdict.says))
        return true
      case 'too large':
        this.#learnLimit()
        parts.halve(refusal(this.#name, verdict.says, 'POINT_TOO_LARGE'))
        return true
      case 'doubtful':
        return parts.doubt(reasonOf(verdict.says), verdict.isTransient)
      default:
        return false
    }
  }

  #learnLimit(): void {
    const half = this.#sentBytes >> 1
    if (half >= LEAST_LIMIT && half < this.mostBytes) this.mostBytes = half
  }

  get #name(): string {
    return productOf(this.options.client.settings.service).name
  }

  async #tried(prober: object, work: () => Promise<Verdict>): Promise<Verdict> {
    if (this.#outage && this.#outage.prober !== prober) await this.#outage.over
    if (this.#closing.signal.aborted) throw closedError()
    const begun = { atMs: performance.now() }
    this.#begun.add(begun)
    try {
      return await work()
    } catch (error) {
      if (this.#closing.signal.aborted) throw closedError()
      const says = troubleSentence(error, this.options.client.settings)
      const words = troubleWords(error)
      return isOfTls(error) ? { kind: 'setting', says, words } : { kind: 'away', says, words }
    } finally {
      this.#begun.delete(begun)
    }
  }

  async #send(lines: readonly string[]): Promise<Verdict> {
    const text = Buffer.from(`${lines.join('\n')}\n`)
    this.#sentBytes = text.length
    const isCompressed = this.options.gzip && text.length >= LEAST_GZIP_BYTES
    const body = isCompressed ? await compress(text, { level: 1 }) : text
    const answer = await this.options.client.ask(this.#path, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {})
      },
      signal: this.#closing.signal
    })
    return verdictOf(answer, lines, this.options.client.settings.service)
  }

  async #wait(prober: object, verdict: Verdict): Promise<void> {
    this.#outage ??= outageOf(prober)
    if (this.#outage.prober !== prober) return
    this.port.down(troubleOf(verdict, this.#name, this.options.client.settings.url))
    const asked = verdict.kind === 'busy' ? verdict.waitMs : undefined
    await pause(asked ?? backoffMs(this.#outage.attempt++, WAITS), this.#closing)
  }

  #over(prober: object): void {
    if (this.#outage?.prober !== prober) return
    this.#outage.end()
    this.#outage = undefined
    this.port.up()
  }
}

interface Outage {
  /** The one that tries; the others wait for it. */
  readonly prober: object
  attempt: number
  readonly over: Promise<void>
  readonly end: () => void
}

function outageOf(prober: object): Outage {
  let end = () => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  return { prober, attempt: 0, over, end }
}

const refusal = (server: string, says: string, code: Code = 'POINT_REFUSED'): Reason => ({
  code,
  message: `${server} refuses the point: ${says}`
})

function troubleOf(verdict: Verdict, server: string, url: string): SinkTrouble {
  const says = 'says' in verdict ? verdict.says : ''
  const where = `${server} at ${url}`
  if (verdict.kind === 'setting' || (verdict.kind === 'doubtful' && !verdict.isTransient)) {
    const words = verdict.kind === 'setting' ? verdict.words : 'refuses to write'
    return { words, sentence: `${where} stores nothing: ${says}`, mend: true }
  }
  if (verdict.kind === 'busy')
    return {
      words: 'server busy',
      sentence: `${where} asks to wait: ${says}`,
      mend: false,
      topic: 'busy'
    }
  const words = (verdict.kind === 'away' ? verdict.words : undefined) ?? 'server fails'
  return { words, sentence: `${where} is away: ${says}`, mend: false, topic: 'away' }
}
