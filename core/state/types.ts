import type { Message } from '../record/message.ts'
import type { Reason, TelemetryRecord } from '../record/record.ts'

/**
 * What a node that remembers does with records, as pure functions of what it remembers, a record
 * and its time. It reads no clock and keeps nothing beside the state: the same records at the same
 * times give the same results, live, sent again or replayed.
 *
 * A state is what JSON can hold (numbers, texts, booleans, null, lists, plain objects), since it is
 * stored. It may be changed in place.
 */
export interface Memory<State> {
  /**
   * Whose state a record belongs to: the values of the key fields as text. A reason where the
   * record cannot have one: it is rejected.
   */
  keyOf(record: TelemetryRecord): string | Reason
  /**
   * When it was measured, milliseconds since 1970. A reason where it has no usable time. `TIMELESS`
   * for one that is given now, such as a command: it ends no silence and moves no clock. It is of
   * use only where the clock is not `ordered`.
   */
  timeOf(record: TelemetryRecord): number | Reason
  /**
   * A record of a key.
   * @param state what is remembered of the key; undefined at its first record
   * @returns what to remember from now on; undefined forgets the key, and how far its clock had
   * come
   */
  take(
    state: State | undefined,
    record: TelemetryRecord,
    timeMs: number,
    turn: Turn
  ): State | undefined
  /**
   * A record that comes too late to be taken in its order; only asked where the clock is `ordered`.
   * What it remembers stays as it is.
   */
  late?(record: TelemetryRecord, timeMs: number, turn: Turn): void
  /**
   * When, in event time, something is to happen without a record: a window ends, a silence is too
   * long. Undefined or infinite: never. Asked after each `take` and `due`.
   */
  dueMs?(state: State): number | undefined
  /** The time that `dueMs` gave has come; `timeMs` is that time, not a later one. */
  due?(state: State, timeMs: number, turn: Turn): State | undefined
  /**
   * Asked at each start of what is remembered, and of what is expected though nothing came of it
   * yet; again when the node is told of others that are expected.
   * @param timeMs of its newest record, or when the node began to expect it
   * @param isExpected it is among what is expected
   * @returns what to remember from now on; undefined leaves it as it is, null forgets it
   */
  expect?(
    state: State | undefined,
    key: string,
    timeMs: number,
    isExpected: boolean
  ): State | null | undefined
}

/** Where a memory says what becomes of a record, or what it makes of what it remembers. */
export interface Turn {
  /** Sends a record by this output: the one just taken, as it came, or a new one. */
  emit(output: number, record: object): void
  /** The record taken can never be dealt with: it leaves by the output `rejected`. */
  reject(reason: Reason): void
  /**
   * The record taken is part of what is remembered, or left out on purpose. What is neither
   * emitted, nor rejected, nor absorbed is filtered as well: this only says that it counts in a
   * later result.
   */
  absorb(): void
  /**
   * How far the time of this key's clock has come. Where the clock is `ordered`, it is the time of
   * the record taken or of what is due; else a record may be ahead of it by the lateness. For a
   * record without a time it is now, which in a silence is later than the newest record.
   */
  readonly clockMs: number
  /**
   * What the record taken has come in, for what is not in the record itself, such as `msg.topic`.
   * Undefined for one that has waited for the clock, and for what is due: it is not kept. Where a
   * memory needs it, its clock is not `ordered`, or has no lateness.
   */
  readonly message?: Message | undefined
}

/** How time passes for a memory. */
export interface ClockOptions {
  /**
   * Which records move the clock of a key: its own, or those of all keys. With `key` a device that
   * was away and sends an hour of readings late is late for nobody. With `all` one clock goes
   * through every input partition, and stands at the slowest that is not idle.
   */
  readonly runs: 'key' | 'all'
  /** A clock stays this far behind the newest record, so that records may come in any order. */
  readonly latenessMs: number
  /**
   * No record for so long, by the clock of the computer: time goes on by itself, from the newest
   * record at the pace of the computer's clock, this far behind it. It goes on to what is due then
   * and no further, so that what an outage has held up is not late.
   */
  readonly idleMs: number
  /** A record further ahead of its arrival than this is rejected, and moves no clock. */
  readonly aheadMs: number
  /**
   * Whether records of a key are handed to `take` in the order of their times. They wait for the
   * clock then, and one that is older than the clock is late.
   */
  readonly ordered: boolean
}

/** What a memory may use at most. */
export interface BoundOptions {
  /** Keys remembered. A record of one more is rejected with `STATE_FULL`. */
  readonly maxKeys: number
  /** A key of which nothing came for so long, in event time, is forgotten; Infinity keeps it. */
  readonly maxAgeMs: number
}

/**
 * Where states are kept. Every write is atomic and durable once it resolves: after a crash the
 * store holds what the last of them left, all of it and nothing else.
 */
export interface StateStore {
  /** Everything that is kept, in any order. Read once, before the first record. */
  load(): AsyncIterable<readonly [key: string, value: string]>
  /** A value of undefined removes the key. */
  write(changes: ReadonlyMap<string, string | undefined>): Promise<void>
  /** Forgets everything. */
  clear(): Promise<void>
  close(): Promise<void>
}
