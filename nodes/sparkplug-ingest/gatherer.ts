import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import type { Intake } from '../../core/mqtt/ingest-session.ts'
import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import type { ArrivalOutcome } from './arrival.ts'
import { SparkplugBatch } from './batch.ts'
import type { RecordOptions } from './records.ts'

export interface GathererOptions extends RecordOptions {
  readonly batchSize: number
  readonly lingerMs: number
  readonly source: DeliverySource
  readonly metrics: NodeMetrics
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

  constructor(private readonly options: GathererOptions) {}

  get full(): boolean {
    return this.#queue.length > MAX_QUEUED || this.options.source.full
  }

  offer(packet: Received, acks: DeferredAcks): boolean {
    if (this.full) return false
    this.taken++
    this.open++
    if (packet.qos > 0) this.#openPackets.set(packet, acks)
    this.options.receive(packet, acks)
    return true
  }

  *openOf(acks: DeferredAcks): Generator<Received> {
    for (const [packet, of] of this.#openPackets) if (of === acks) yield packet
  }

  /** The host is done with a message. */
  settled(outcome: ArrivalOutcome): void {
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
      acknowledge: () => this.#acknowledge(batch)
    })
  }

  #acknowledge({ ends }: SparkplugBatch): void {
    this.open -= ends.length
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
