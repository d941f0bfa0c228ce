import type { Code } from '../errors.ts'
import { described } from '../record/described.ts'
import { isExactNumber } from '../record/exact-decimal.ts'
import type { Reason } from '../record/record.ts'

/** A path that a device made up may be of any length. */
const MAX_PATH = 300

/**
 * Why a value cannot be written by its schema, and where it stands in the record. It is thrown, and
 * is no Error: a union may make thousands of attempts, and a stack costs most of one.
 */
export class SchemaMisfit {
  constructor(
    readonly code: Code,
    readonly path: string,
    /** What completes a sentence that begins with the path. */
    readonly says: string
  ) {}

  get reason(): Reason {
    const path = this.path.length > MAX_PATH ? `${this.path.slice(0, MAX_PATH)}…` : this.path
    const message = `${path || 'The record'} ${this.says}.`
    return path === '' ? { code: this.code, message } : { code: this.code, message, path }
  }
}

/** Steps that one record may take: about 50 ms. */
const MOST_STEPS = 1_000_000
/** What an attempt costs that fails: an error is made. */
const STEPS_A_FAILURE = 100

/** Where in a record one is while it is written, and what that has cost. */
export class Walk {
  #path: (string | number)[] = []
  #left = MOST_STEPS

  /** A new record begins. */
  begin(): void {
    this.#path = []
    this.#left = MOST_STEPS
  }

  enter(step: string | number): void {
    this.#path.push(step)
    if (--this.#left < 0)
      throw new TooDear('SCHEMA_TOO_COSTLY', '', 'takes more work to write than one record may')
  }
  leave(): void {
    this.#path.pop()
  }

  /** How deep one is; `back` goes there again after an attempt that has failed. */
  get depth(): number {
    return this.#path.length
  }
  back(depth: number): void {
    this.#path.length = depth
    this.#left -= STEPS_A_FAILURE
  }

  /** The value that is being written is not of its type. */
  wrong(wanted: string, value: unknown, code: Code = 'FIELD_TYPE'): SchemaMisfit {
    if (value === undefined) return this.says('FIELD_MISSING', 'is missing')
    return this.says(code, `must be ${wanted}, but it is ${described(value)}`)
  }
  says(code: Code, words: string): SchemaMisfit {
    return new SchemaMisfit(code, this.#path.join('.'), words)
  }
}

/** No other attempt is made. */
export class TooDear extends SchemaMisfit {}

/** Fields of a record that its schema does not have. */
export type ExtraFields = 'reject' | 'leave-out'

/** Only its own fields count: one may be called `constructor`. */
export const own = (record: object, name: string): unknown =>
  Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined

export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  !isExactNumber(value)

/** @throws SchemaMisfit for the first field that the schema does not have */
export function refuseExtra(record: object, has: (name: string) => boolean, walk: Walk): void {
  for (const name of Object.keys(record)) {
    if (has(name) || (record as Record<string, unknown>)[name] === undefined) continue
    walk.enter(name)
    throw walk.says('FIELD_UNEXPECTED', 'is no field of the schema')
  }
}
