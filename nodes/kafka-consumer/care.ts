import { Caution } from '../../core/source/caution.ts'
import type { Beginning, Trials } from '../../core/source/trials.ts'
import type { BatchSlice, RawMessage } from './batch.ts'
import { slicesOf } from './logic.ts'

/**
 * How records go on: with others of their partition beside them; one batch at a time; or so that
 * the file of the trials names them, since one of them may have killed Node-RED.
 */
export type Manner = 'as ever' | 'in turn' | 'on trial'

export interface CarefulSlice extends BatchSlice {
  readonly manner: Manner
}

/** A partition that has come so many records further says so in the file of the trials. */
const FURTHER = 20_000

/**
 * How the records of a partition go on where Node-RED was killed again and again. Goes by their
 * offsets, as a fetch may end anywhere before what is sought.
 */
export class Care {
  readonly #caution: Caution
  /** The first that was on trial when Node-RED ended, until it is found. */
  #reached: { readonly id: string; readonly offset: number; readonly suspects: number } | undefined
  /** The flow was done with those before this offset in an earlier life. */
  readonly #furthest: number
  /** That of this life, as it was noted, and how many records were done with since. */
  #noted: number
  #since = 0

  /**
   * @param underWay so many records may have been on their way
   * @param batchSize so many go on together without care
   */
  constructor(
    { isCareful, reached, suspects, furthest }: Beginning,
    underWay: number,
    private readonly batchSize: number
  ) {
    // Of those beyond the furthest, as many were dealt with as leave no note.
    this.#caution = new Caution(isCareful ? FURTHER + underWay : 0, batchSize)
    this.#furthest = furthest === undefined ? 0 : Number(furthest)
    this.#noted = this.#furthest
    const offset = reached === undefined ? undefined : /^(\d+)@/.exec(reached)?.[1]
    if (offset !== undefined) this.#reached = { id: reached!, offset: Number(offset), suspects }
  }

  /**
   * Cuts what one fetch brought. The flow was done with what lies before the first on trial, but
   * nobody knows whether that is durable, since a sink may have gathered it: so it goes into the
   * flow again, and leaves the file as it is, which says who is suspected.
   */
  cut(messages: readonly RawMessage[], maxBytes: number): CarefulSlice[] {
    const before = this.#lookForReached(messages)
    const caution = this.#caution
    if (caution.left > 0) caution.left += this.#countBelow(messages, before, this.#furthest)
    const left = caution.left
    const first = slicesOf(messages, { from: 0, to: before }, () => this.batchSize, maxBytes)
    const others = { from: before, to: messages.length }
    const rest = slicesOf(messages, others, () => caution.next(), maxBytes)
    // A slice may be smaller than it might be, where the bytes or the fetch come to an end.
    caution.left = Math.max(0, left - (messages.length - before))
    return [
      ...first.map(slice => ({ ...slice, manner: 'in turn' as const })),
      ...rest.map(slice => ({ ...slice, manner: mannerAt(slice.from - before, left) }))
    ]
  }

  /** The flow is done with so many records, the last one before `next`. */
  dealtWith(records: number, next: string, trials: Trials, key: string): void {
    if (Number(next) <= this.#noted) return
    this.#since += records
    if (this.#since < FURTHER) return
    this.#since = 0
    this.#noted = Number(next)
    trials.further(key, next)
  }

  /** Gives how many of these come before what was on trial. */
  #lookForReached(messages: readonly RawMessage[]): number {
    const reached = this.#reached
    if (reached === undefined) return 0
    const before = this.#countBelow(messages, 0, reached.offset)
    const found = messages[before]
    if (found === undefined) return before
    this.#reached = undefined
    if (idOf(found) === reached.id) this.#caution.suspect(reached.suspects)
    return before
  }

  #countBelow(messages: readonly RawMessage[], from: number, offset: number): number {
    let to = from
    while (to < messages.length && Number(messages[to]!.offset) < offset) to++
    return to - from
  }
}

const mannerAt = (place: number, left: number): Manner => (place < left ? 'on trial' : 'as ever')

/**
 * The same record again has the same; another one that a topic made anew has at this offset has
 * not.
 */
export const idOf = ({ offset, timestamp }: RawMessage): string => `${offset}@${timestamp}`
