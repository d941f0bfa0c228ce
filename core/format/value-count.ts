import { ELEMENTS_A_FIELD } from '../record/width.ts'
import type { DecoderOptions } from './decoder.ts'

/** The record that is read has more fields than it may. */
export class TooWide extends Error {}
/** It holds more than its bytes can say. */
export class TooMany extends Error {}
/** It holds so much that others are to have their turn in between. */
export class TakesLong extends Error {}

/**
 * A schema may say more than stands in the bytes: a message of no bytes has as many fields as its
 * type. A device that fills a hundred of them needs a byte for each.
 */
const VALUES_A_BYTE = 8
const FREE_VALUES = 100_000
/** So many are read at once. */
const AT_ONCE = 20_000
/** So many are read before others have their turn. */
const A_TURN = 4_096

/** Counts what is made of a payload whose schema says what stands in it. */
export class ValueCount {
  #values = 0
  /** In elements of a list, of which ten are a field. */
  #share = 0
  #turn = 0
  readonly #mostValues: number
  readonly #mostShare: number

  /** @param isAtOnce whether it is read in one go */
  constructor(
    bytes: Buffer,
    { at, maxFields }: Pick<DecoderOptions, 'at' | 'maxFields'>,
    private readonly isAtOnce: boolean
  ) {
    const most = FREE_VALUES + VALUES_A_BYTE * bytes.length
    this.#mostValues = isAtOnce ? Math.min(AT_ONCE, most) : most
    this.#mostShare = at === 'message' ? maxFields * ELEMENTS_A_FIELD : Number.POSITIVE_INFINITY
  }

  /** @throws TooWide, TakesLong and TooMany */
  fields(count: number): void {
    this.#add(count, count * ELEMENTS_A_FIELD)
  }
  element(): void {
    this.#add(1, 1)
  }

  /** Whether it is others' turn. */
  isTurn(): boolean {
    if (this.#values - this.#turn < A_TURN) return false
    this.#turn = this.#values
    return true
  }

  #add(values: number, share: number): void {
    this.#share += share
    if (this.#share > this.#mostShare) throw new TooWide()
    this.#values += values
    if (this.#values <= this.#mostValues) return
    throw this.isAtOnce ? new TakesLong() : new TooMany('it holds far more values than bytes')
  }
}
