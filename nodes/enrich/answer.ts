import type { Metadata } from './metadata.ts'

/**
 * The source fails for this device while it answers for others, so that nobody waits for it any
 * longer.
 */
export class KeyRefusal {
  constructor(readonly why: string) {}
}

/** What is known of a device; null: there is no such device. */
export type Known = Metadata | KeyRefusal | null

/**
 * Whom a failed lookup is blamed on.
 * - `key`: this device, whatever becomes of others; asking again gives the same.
 * - `denied`: this device, unless devices that were answered before are denied now too.
 * - `doubtful`: this device if others are answered, else the source.
 * - `source`: it is away or wrongly set, so that everybody waits.
 */
export type Blame = 'key' | 'denied' | 'doubtful' | 'source'

export class Failure {
  constructor(
    readonly blame: Blame,
    readonly error: Error,
    /**
     * So often it must fail while others are answered before the device is blamed: the source may
     * just have come back.
     */
    readonly tries = 2
  ) {}
}

export type LookupOutcome = Metadata | Failure | null

/** A source that is asked for several devices at once. */
export interface Lookup {
  /**
   * What became of each device. Those are missing that were not asked any more, because the source
   * seems to be away.
   */
  ask(keys: readonly string[]): Promise<ReadonlyMap<string, LookupOutcome>>
  /** True if the source answers at all, asked for no device that there is. */
  answers(): Promise<boolean>
}

/**
 * After so many failures in a row the others are not asked: each may take as long as the timeout.
 */
export const GIVE_UP_AFTER = 8
