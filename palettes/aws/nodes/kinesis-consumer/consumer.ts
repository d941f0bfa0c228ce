import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { Kinesis } from '@aws-sdk/client-kinesis'
import { Outage, type SourceContext } from '@millrace/node-red-telemetry'
import { type AwsAccess, streamOf } from '../../core/access.ts'
import { type AwsError, awsProblem } from '../../core/problem.ts'
import { Intake } from './intake.ts'
import { type Lease, OLDEST, startingAt } from './lease.ts'
import { type ApplicationStart, LeaseTable } from './lease-table.ts'
import { Leases } from './leases.ts'
import type { ConsumerOptions, Shaper } from './logic.ts'
import { ShardReader } from './shard-reader.ts'
import { createdMsOf, shardsOf } from './shards.ts'
import type { spec } from './spec.ts'

/** An ARN ends with the name of the stream. */
const nameIn = (stream: string) => stream.replace(/^arn:.*\//, '')

const MOST_AT_ONCE = 10_000
/** What is wrong with the table, beside what is wrong with shards. */
const TABLE = 'table'

type Stream = ReturnType<typeof streamOf>

/** Reads a stream together with others: leases say which shards, readers bring what is in them. */
export class Consumer {
  readonly intake: Intake
  readonly #access: AwsAccess
  readonly #options: ConsumerOptions
  readonly #stream: Stream
  readonly #table: string
  readonly #outage: Outage
  readonly #problems = new Map<string, AwsError>()
  readonly #end = new AbortController()
  #leases: Leases | undefined
  #clients: { readonly kinesis: Kinesis; readonly tables: DynamoDB } | undefined

  constructor(
    private readonly context: SourceContext<typeof spec>,
    shaper: Shaper
  ) {
    const { id, node, options, provided, source, trials } = context
    this.#access = provided<AwsAccess>('access')
    this.#options = options
    this.#stream = streamOf(options.stream)
    this.#table = options.application || `millrace-${id.replace(/[^\w.-]/g, '-')}`
    this.#outage = new Outage('Kinesis', node)
    this.intake = new Intake({
      options,
      source,
      shaper,
      trials,
      isFresh: shard => this.#leases?.isFresh(shard) ?? false,
      warn: sentence => node.warn(sentence)
    })
  }

  /** What a person has to mend comes first. */
  get problem(): AwsError | undefined {
    const problems = [...this.#problems.values()]
    return problems.find(({ needsPerson }) => needsPerson) ?? problems[0]
  }
  get shares(): Pick<Leases, 'held' | 'total'> | undefined {
    return this.#leases
  }

  async start(): Promise<void> {
    const [kinesis, tables] = [await this.#access.kinesis(), await this.#access.tables()]
    this.#clients = { kinesis, tables }
    const { leaseS, checkpointS } = this.#options
    const { signal } = this.#end
    if (signal.aborted) return
    const leaseMs = leaseS * 1000
    // One that has no answer leaves time for the next, before others take the shard.
    const table = { name: this.#table, signal, changeMs: leaseMs / 3 }
    this.#leases = new Leases({
      me: `${hostname()}/${this.context.id}/${randomUUID().slice(0, 8)}`,
      leaseMs,
      checkpointMs: checkpointS * 1000,
      table: new LeaseTable(tables, table),
      start: () => this.#ofStream(this.#startOf(kinesis)),
      shards: () => this.#ofStream(shardsOf(kinesis, this.#stream, signal)),
      open: lease => this.#open(kinesis, lease),
      up: () => this.#up(TABLE),
      down: error => this.#down(TABLE, this.#problemOf(error, `table "${this.#table}"`)),
      changed: () => this.context.show()
    })
    this.#leases.start()
  }

  async close(): Promise<void> {
    await this.#leases?.close()
    this.#end.abort()
    this.#clients?.kinesis.destroy()
    this.#clients?.tables.destroy()
  }

  async #startOf(kinesis: Kinesis): Promise<ApplicationStart> {
    const { startFrom, startTime } = this.#options
    const createdMs = await createdMsOf(kinesis, this.#stream, this.#end.signal)
    // The client knows by the answer how far its clock is off.
    const nowMs = Date.now() + kinesis.config.systemClockOffset
    const atMs = startFrom === 'time' ? Date.parse(startTime) : nowMs
    const checkpoint = startFrom === 'oldest' ? OLDEST : startingAt(atMs)
    return { stream: nameIn(this.#options.stream), createdMs, checkpoint }
  }

  #open(kinesis: Kinesis, lease: Lease): ShardReader {
    const { intake } = this
    const { pollMs, maxInFlight, stream } = this.#options
    const reader = new ShardReader({
      lease,
      kinesis,
      stream: this.#stream,
      pollMs,
      limit: Math.min(MOST_AT_ONCE, maxInFlight),
      mayAsk: each => intake.mayAsk(each),
      asking: is => intake.asking(is),
      arrived: () => intake.fill(),
      dropped: each => intake.remove(each),
      up: shard => this.#up(shard),
      down: (shard, error) => {
        this.#down(shard, this.#problemOf(error, `shard ${shard} of the stream "${stream}"`))
        this.#leases?.lookForShards()
      },
      warn: sentence => this.context.node.warn(sentence)
    })
    intake.add(reader)
    return reader
  }

  async #ofStream<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked
    } catch (error) {
      throw this.#problemOf(error, `stream "${this.#options.stream}"`)
    }
  }

  #problemOf(error: unknown, what: string): AwsError {
    return awsProblem(error, what, this.#access.where)
  }

  #up(of: string): void {
    if (!this.#problems.delete(of) || this.#problems.size > 0) return
    this.#outage.end()
    this.context.show()
  }

  #down(of: string, problem: AwsError): void {
    this.#problems.set(of, problem)
    if (this.#outage.problem?.message !== this.problem?.message) this.#outage.begin(this.problem!)
    this.context.show()
  }
}
