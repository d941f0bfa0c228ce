import type { Shape } from '../fleet.ts'

/** What to publish: the records `from … from + count - 1`. */
export interface Job {
  readonly url: string
  readonly clientId: string
  readonly from: number
  readonly count: number
  readonly shape: Shape
  /**
   * `ts` of record n is this plus n milliseconds, unless the time of sending is stamped over it.
   */
  readonly firstMs: number
  readonly stampTime: boolean
  /** Records a second over all connections; as fast as the broker takes them where absent. */
  readonly perSecond?: number
  /** Unacknowledged packets a connection may have: at most the broker's Receive Maximum. */
  readonly window: number
  /** A device always publishes on the same connection, so its records keep their order. */
  readonly connections: number
}

export type ToPublisher = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'go' }

export type FromPublisher =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'started'; readonly atMs: number }
  | { readonly kind: 'progress'; readonly acknowledged: number }
  | { readonly kind: 'finished'; readonly atMs: number; readonly cpuMicros: number }
  | { readonly kind: 'failed'; readonly message: string }
