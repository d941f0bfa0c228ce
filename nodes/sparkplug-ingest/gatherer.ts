import { contentId } from '../../core/mqtt/content-id.ts'
import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import type { Intake } from '../../core/mqtt/ingest-session.ts'
import type { NodeMetrics } from '../../core/node/metrics.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import { carefulSentence, killsReason, type Trials } from '../../core/source/trials.ts'
import type { ArrivalOutcome } from './arrival.ts'
import { SparkplugBatch } from './batch.ts'
import type { RecordOptions } from './records.ts'

export interface GathererOptions extends RecordOptions {
  readonly batchSize: number
  readonly lingerMs: number
  readonly source: DeliverySource
  readonly metrics: NodeMetrics
  /** Records that may be unacknowledged. */
  readonly maxInFlight: number
  /** Knows what has killed Node-RED. */
  readonly trials: Trials
  warn(sentence: string): void
  /** A message is being read, and nothing may come before it. */
  isReading(): boolean
  /** Looks at a message; what becomes of it comes by `settled`. */
  receive(packet: Received, acks: DeferredAcks): void
  /** There is room again, after a message of many batches. */
  onRoom(): void
}

/** A batch of this size leaves without waiting for more, so that one Kafka request can hold it. */
const MAX_BATCH_BYTES = 900_000
/** So many full batches may wait for their turn before nothing more is taken. */
const MAX_QUEUED = 4
const LANE = 'sparkplug'

/** Takes messages as long as the flow has room, and gathers their records into batches. */
export class Gatherer implements Intake {
  #batch: SparkplugBatch | undefined
  /** Full ones of a large message: each leaves in a turn of its own. */
  readonly #queue: SparkplugBatch[] = []
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #next: NodeJS.Immediate | undefined
  taken = 0
  /** Messages that are not acknowledged, those included that wait for a birth. */
  open = 0
  readonly #openPackets = new Map<Received, DeferredAcks>()
  #hasBegun = false
  /**
   * So many messages go into the flow one at a time, since one of them may have killed Node-RED: as
   * many as were on their way at most.
   */
  #careful = 0
  readonly #line: ArrivalOutcome[] = []
  /** One of them is in the flow. */
  #isOnTrial = false

  constructor(private readonly options: GathererOptions) {}

  get full(): boolean {
    const { source, isReading } = this.options
    return this.#line.length + this.#queue.length > MAX_QUEUED || source.full || isReading()
  }

  offer(packet: Received, acks: DeferredAcks): boolean {
    if (this.full) return false
    if (!this.#hasBegun && packet.qos > 0) this.#beginWith(packet)
    this.taken++
    this.open++
    if (packet.qos > 0) this.#openPackets.set(packet, acks)
    this.options.receive(packet, acks)
    return true
  }

  /** The server sends first what was not acknowledged, in the order it was sent in. */
  #beginWith(first: Received): void {
    const { trials, warn, maxInFlight } = this.options
    this.#hasBegun = true
    const { isCareful, starts } = trials.begin(LANE, contentId(first))
    if (!isCareful) return
    this.#careful = maxInFlight
    warn(carefulSentence(starts, `the topic "${first.topic}"`))
  }

  /** The next message whose records go into the flow alone. */
  readonly #tryNext = (): void => {
    const [outcome] = this.#line
    if (outcome === undefined || this.#isOnTrial) return
    // What is not sent again can kill only once.
    const comesAgain = outcome.packet.qos > 0
    const deaths = comesAgain
      ? this.options.trials.enter(LANE, contentId(outcome.packet), this.#tryNext)
      : 0
    if (deaths === undefined) return
    this.#line.shift()
    this.#isOnTrial = true
    this.#gather(deaths > 0 ? this.#aside(outcome, deaths) : outcome)
    this.flush()
  }

  #aside(outcome: ArrivalOutcome, deaths: number): ArrivalOutcome {
    const { code, message } = killsReason(deaths)
    this.options.warn(`${message} Its topic is "${outcome.packet.topic}".`)
    const entries = [{ kind: 'failed', failure: new ParseFailure(code, message) } as const]
    return { ...outcome, entries, duplicates: 0, filtered: 0 }
  }

  *openOf(acks: DeferredAcks): Generator<Received> {
    for (const [packet, of] of this.#openPackets) if (of === acks) yield packet
  }

  /** The host is done with a message. */
  settled(outcome: ArrivalOutcome): void {
    if (this.#careful === 0) this.#gather(outcome)
    else {
      this.#line.push(outcome)
      this.#tryNext()
    }
  }

  #gather(outcome: ArrivalOutcome): void {
    const { batchSize, metrics } = this.options
    const { duplicates, filtered, entries } = outcome
    metrics.in += duplicates + filtered
    metrics.duplicates += duplicates
    metrics.filtered += filtered
    let from = 0
    do {
      this.#batch ??= new SparkplugBatch(this.options)
      const to = Math.min(entries.length, from + batchSize - this.#batch.records)
      this.#batch.add(outcome, from, to)
      from = to
      if (this.#batch.records >= batchSize || this.#batch.bytes >= MAX_BATCH_BYTES) this.#full()
    } while (from < entries.length)
    this.#schedule()
  }

  /** Sends all that is waiting. */
  flush = (): void => {
    this.#unschedule()
    clearImmediate(this.#next)
    this.#next = undefined
    for (const batch of this.#queue.splice(0)) this.#deliver(batch)
    const batch = this.#batch
    this.#batch = undefined
    if (batch !== undefined) this.#deliver(batch)
  }

  #full = (): void => {
    this.#unschedule()
    if (this.#batch === undefined) return
    this.#queue.push(this.#batch)
    this.#batch = undefined
    if (this.#next === undefined) this.#step()
  }

  /** Others have their turn between two batches. */
  #step(): void {
    this.#deliver(this.#queue.shift()!)
    this.#next = setImmediate(() => {
      this.#next = undefined
      if (this.#queue.length > 0) this.#step()
      else this.options.onRoom()
    })
  }

  /**
   * An idle flow gets what the socket brought at once; one that is busy would only be given smaller
   * batches by that.
   */
  #schedule(): void {
    if (this.#batch === undefined || this.#timer !== undefined || this.#immediate !== undefined)
      return
    const { source, lingerMs } = this.options
    if (source.inFlight === 0) this.#immediate = setImmediate(this.#full)
    else this.#timer = setTimeout(this.#full, lingerMs)
  }

  #unschedule(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = undefined
    this.#immediate = undefined
  }

  #deliver(batch: SparkplugBatch): void {
    this.options.source.takeBatch({
      lane: LANE,
      bytes: batch.bytes,
      split: batch.split(),
      splitAgain: () => batch.split(),
      isSingle: this.options.batchSize === 1,
      acknowledge: () => this.#acknowledge(batch),
      survived: () => {
        if (this.#isOnTrial) this.options.trials.survived(LANE)
      }
    })
  }

  /** Once all that were on their way have passed, the others go on as ever. */
  #endOfTrial(): void {
    if (this.#careful > 0) setImmediate(this.#tryNext)
    else for (const outcome of this.#line.splice(0)) this.#gather(outcome)
  }

  #acknowledge({ ends }: SparkplugBatch): void {
    this.open -= ends.length
    if (this.#isOnTrial && ends.length > 0) {
      this.#isOnTrial = false
      this.#careful--
      if (ends.some(({ packet }) => packet.qos > 0)) this.options.trials.passed(LANE)
      this.#endOfTrial()
    }
    const packets = new Map<DeferredAcks, Received[]>()
    for (const { packet, acks } of ends) {
      if (packet.qos === 0) continue
      this.#openPackets.delete(packet)
      const list = packets.get(acks)
      if (list === undefined) packets.set(acks, [packet])
      else list.push(packet)
    }
    for (const [acks, list] of packets) acks.acknowledge(list)
  }
}
