import { pause } from '../../core/backoff.ts'
import type { ServerAnswer } from '../../core/http-client.ts'
import { saysOf, type Verdict, verdictOf } from '../../core/influx/answer.ts'
import { InfluxClient } from '../../core/influx/client.ts'
import { type InfluxServer, writePath } from '../../core/influx/settings.ts'
import type { Context } from '../../core/node/define-node.ts'
import { silence, storedText } from '../../core/sink/sink-status.ts'
import type { OpenSink, SinkPort, WriteRequest } from '../../core/sink/types.ts'
import { creation, dedupQuery, measurementOf } from './creation.ts'
import { LineDelivery } from './delivery.ts'
import { LineWriter } from './line-writer.ts'
import type { LinePlan } from './logic.ts'
import type { Pending } from './pending.ts'
import type { spec } from './spec.ts'

const KEYS_MS = 2_000

/** Writes the records of messages as lines, in batches over one connection or several. */
export class LineSink implements OpenSink {
  readonly #client: InfluxClient
  readonly #delivery: LineDelivery
  readonly #writer: LineWriter
  readonly #closing = new AbortController()
  /** Resolves when what is missing was created, or is not to be, or all ends. */
  readonly #created: Promise<void>

  constructor(
    private readonly context: Context<typeof spec>,
    { settings }: InfluxServer,
    private readonly plan: LinePlan,
    port: SinkPort
  ) {
    const { options, metrics } = context
    this.#client = new InfluxClient(settings)
    const delivery = new LineDelivery(
      { client: this.#client, target: plan.target, gzip: options.gzip },
      {
        up: () => {
          port.up()
          this.#writer.wake()
        },
        down: trouble => port.down(trouble),
        retried: records => {
          metrics.retried += records
        }
      }
    )
    this.#delivery = delivery
    this.#writer = new LineWriter(
      {
        get isOutage() {
          return delivery.isOutage
        },
        get mostBytes() {
          return delivery.mostBytes
        },
        // A table that lines have made themselves has no keys, and keeps a point twice.
        write: batch => this.#created.then(() => delivery.write(batch)),
        finished: finish
      },
      { ...options, ...plan }
    )
    const prepared = delivery.until(() => this.#prepare()).catch(() => {})
    this.#created = context.options.create === 'create' ? prepared : Promise.resolve()
  }

  write(request: WriteRequest): void {
    this.#writer.add(request)
  }

  waitsFor = (): string | undefined => silence(this.#delivery.heldMs)

  progress(perSecond: number): string {
    const { metrics } = this.context
    return storedText(metrics.stored, metrics, perSecond)
  }

  close(limitMs: number): Promise<void> {
    this.#closing.abort()
    return this.#writer.close(limitMs, () => this.#delivery.end())
  }

  /** Creates what is missing, and finds out whether lines can be written, by writing none. */
  async #prepare(): Promise<Verdict> {
    const { service } = this.#client.settings
    const { options } = this.context
    if (options.create === 'create' && (service === 'influx1' || service === 'questdb')) {
      const made = verdictOfStatement(await this.#run(creation(options, service)))
      if (made !== undefined) return made
    }
    const answer = await this.#client.ask(writePath(this.#client.settings, this.plan.target), {
      method: 'POST',
      body: Buffer.alloc(0)
    })
    const verdict = verdictOf(answer, [], service)
    if (service === 'questdb' && verdict.kind === 'stored') void this.#lookAtKeys()
    return verdict
  }

  #run(statement: string): Promise<ServerAnswer> {
    const isQuest = this.#client.settings.service === 'questdb'
    const query = new URLSearchParams(isQuest ? { query: statement } : { q: statement })
    return this.#client.ask(`${isQuest ? '/exec' : '/query'}?${query}`, {
      method: isQuest ? 'GET' : 'POST'
    })
  }

  /**
   * A table that keeps a point twice is told of; what cannot be found out holds nothing up. QuestDB
   * knows of a table that was just made a moment later.
   */
  async #lookAtKeys(): Promise<void> {
    const { options, learnt } = this.context
    for (let look = 0; look < 2; look++) {
      if (look > 0) await pause(KEYS_MS, { signal: this.#closing.signal, unref: true })
      if (this.#closing.signal.aborted) return
      const { body } = await this.#run(dedupQuery(options)).catch(() => ({ body: '' }))
      if (!/"dataset":\[\[false\]\]/.test(body)) return
    }
    const tags = options.rows.filter(({ type }) => type === 'tag').map(({ name }) => `"${name}"`)
    const table = measurementOf(options)
    learnt({
      unprotected: `The table ${table} of QuestDB has no DEDUP keys, so that a point that comes again is a second row. ALTER TABLE "${table}" DEDUP ENABLE UPSERT KEYS(${['timestamp', ...tags].join(', ')}) changes that.`
    })
  }
}

/** What is wrong with a statement's answer; undefined where it was run. */
function verdictOfStatement(answer: ServerAnswer): Verdict | undefined {
  if (answer.status === 200 && !/"error"\s*:/.test(answer.body)) return undefined
  const says = saysOf(answer)
  if (answer.status === 503 || answer.status === 429)
    return { kind: 'busy', says, waitMs: answer.retryAfterMs }
  if (answer.status >= 500) return { kind: 'away', says }
  return { kind: 'setting', says, words: 'cannot create' }
}

/** The message that leaves says how many of its records are stored. */
function finish({ request, stored, refused }: Pending, error?: Error): void {
  if (error !== undefined) {
    request.fail(error, { stored, duplicates: 0 })
    return
  }
  request.finish({ stored, refused, properties: { stored: { stored, rejected: refused.size } } })
}
