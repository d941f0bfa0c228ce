import type { Code } from '../errors.ts'
import type { Reason } from './record.ts'

/** Also known where this module is loaded twice, as a loader of TypeScript may do. */
const PARSE_FAILURE = Symbol.for('millrace.parse-failure')

/**
 * Why bytes are not a record: a reason as dead letters carry it. A decoder puts one in the place of
 * a value that a record cannot hold, so that only the record with this value is refused.
 */
export class ParseFailure implements Reason {
  declare readonly path?: string
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && PARSE_FAILURE in value
  }
  constructor(
    readonly code: Code,
    readonly message: string,
    path?: string
  ) {
    if (path !== undefined) this.path = path
  }
  get [PARSE_FAILURE](): true {
    return true
  }
}

/** The same, as seen from one step further out. */
export function under(failure: ParseFailure, step: string): ParseFailure {
  const path = failure.path === undefined || failure.path === '' ? step : `${step}.${failure.path}`
  return new ParseFailure(failure.code, failure.message, path)
}
