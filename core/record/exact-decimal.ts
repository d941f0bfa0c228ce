/** JSON counts what it is asked for, and puts a mark before each where `jsonText` wants them. */
const json = { asked: 0, mark: '' }

/**
 * A decimal number of more digits than a double holds, as it was written. Like a BigInt it is a
 * value: nodes that calculate refuse it, nodes that carry it keep every digit.
 */
export class ExactDecimal {
  /** A number as JSON writes it. */
  constructor(readonly text: string) {}

  /** lodash.clonedeep, which Node-RED clones with, passes what it does not know by reference. */
  get [Symbol.toStringTag](): string {
    return 'MillraceExactDecimal'
  }
  toString(): string {
    return this.text
  }
  /** The nearest double, for comparing only. */
  [Symbol.toPrimitive](hint: string): number | string {
    return hint === 'number' ? Number(this.text) : this.text
  }
  /** A text for the JSON of others, which could only write the nearest double; see `jsonText`. */
  toJSON(): string {
    json.asked++
    return json.mark + this.text
  }
}

/** How many decimals JSON was written of, by anybody. */
export const decimalsWritten = (): number => json.asked

/** What is done meanwhile gets decimals with this mark before them. */
export function markingDecimals<T>(mark: string, work: () => T): T {
  json.mark = mark
  try {
    return work()
  } finally {
    json.mark = ''
  }
}

/** True for a number of more digits than a double holds, whole or not. */
export const isExactNumber = (value: unknown): value is bigint | ExactDecimal =>
  typeof value === 'bigint' || value instanceof ExactDecimal
