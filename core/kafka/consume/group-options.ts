import type { MillraceError } from '../../errors.ts'
import type { Pace } from '../../pace.ts'
import type { SharedAdmin } from '../admin/shared-admin.ts'
import type { HealthEvents } from '../health.ts'
import type { Assignment, KafkaClient, KafkaRecord } from '../port.ts'
import type { PendingRange } from './offset-ledger.ts'
import type { StartPolicy } from './start-offsets.ts'

/** What one fetch brought of one partition. */
export interface FetchedBatch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly KafkaRecord[]
  /** The offset after its last record, transaction markers included. */
  readonly nextOffset: bigint
  /**
   * Opens the part that ends before this offset; parts are opened in order, all before `batch`
   * returns.
   */
  part(nextOffset: bigint): PendingRange
}

export interface GroupEvents extends HealthEvents {
  /** Must return soon and not throw. Pause the partition to stop more from coming. */
  batch(batch: FetchedBatch): void
  /**
   * A new generation, in which nothing is paused. What was handed over of partitions that were not
   * `kept` is not ours to commit any more, and will be read again by whoever has the partition;
   * what is under way of the others goes on.
   */
  assigned(
    assignments: readonly Assignment[],
    isKept: (topic: string, partition: number) => boolean
  ): void
  /** Something that the person should know, once. */
  notice(sentence: string): void
  /** It was told to stop when the committed offset is lost. */
  stopped(error: MillraceError): void
}

export interface GroupOptions extends StartPolicy {
  readonly client: KafkaClient
  readonly admin: SharedAdmin
  readonly groupId: string
  readonly topics: readonly string[]
  readonly maxBytesPerPartition: number
  /** `balanced` where absent. */
  readonly pace?: Pace
  /** How long the group waits for a member that has vanished. */
  readonly sessionTimeoutMs?: number
  /**
   * Who commits the offsets: this member, or what deals with the batches, in a `transaction`; this
   * member where absent.
   */
  readonly commits?: 'here' | 'elsewhere'
  /** For tests; else 30 s. How long a member may stand still before it is replaced. */
  readonly replaceMs?: number
  /** How soon new partitions are found. */
  readonly metadataMaxAgeMs?: number
}
