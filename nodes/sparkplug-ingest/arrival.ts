import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import type { ParseFailure } from '../../core/record/parse-failure.ts'
import type { Address } from '../../core/sparkplug/topic.ts'
import type { Metric, Payload } from '../../core/sparkplug/types.ts'
import type { Birth } from './births.ts'

/** A message of an edge node, as it came. */
export interface SparkplugArrival {
  readonly packet: Received
  /** The connection that brought it, which acknowledges it. */
  readonly acks: DeferredAcks
  readonly address: Address
  readonly payload: Payload
  /** For waiting: milliseconds of a clock that only goes forward. */
  readonly atMs: number
  /** When it came, in milliseconds since 1970. */
  readonly clockMs: number
  /** What it defines, where it is a birth that has been read for that already. */
  readonly birth?: Birth | undefined
}

/** That an edge node or a device has come or gone. */
export interface StatusEntry {
  readonly kind: 'status'
  readonly device: string | undefined
  readonly isOnline: boolean
  readonly ts: number | bigint
}

/** A metric that has its name. */
export interface MetricEntry {
  readonly kind: 'metric'
  /** Its place in the message. */
  readonly place: number
  readonly metric: Metric
  readonly name: string
  readonly datatype: number | undefined
  readonly units: string | undefined
  /** Nobody knows its birth, so a missing datatype is due to that. */
  readonly isOrphan: boolean
}

/** A metric, or a whole message, that no record can be made of. */
export interface FailedEntry {
  readonly kind: 'failed'
  readonly failure: ParseFailure
}

export type Entry = StatusEntry | MetricEntry | FailedEntry

/** How the metrics of a message are read, once it is their turn. */
export interface MetricReading {
  readonly birth: Birth | undefined
  /** False: a birth may have been missed, so that what an alias stands for is not known. */
  readonly isSure: boolean
  /** By choice only what cannot be read leaves; the rest is counted. */
  readonly leavesValuesOut: boolean
  /** An alias is in it that the birth does not have. */
  lacksAlias(): void
}

/** What is to become of a message. */
export interface ArrivalOutcome {
  readonly packet: Received
  readonly acks: DeferredAcks
  /** Absent where the message could not be read. */
  readonly arrival: SparkplugArrival | undefined
  /** What is told of it before its metrics. */
  readonly entries: readonly Entry[]
  /** Absent where its metrics are none of the flow's. */
  readonly reading: MetricReading | undefined
  /** Metrics of a message that came before. */
  readonly duplicates: number
  /** What is left out on purpose. */
  readonly filtered: number
}
