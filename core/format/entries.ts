import { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'

/** Also known where this module is loaded twice, as a loader of TypeScript may do. */
const ENTRIES = Symbol.for('millrace.entries')
/** Names are kept in so many sets, each of which grows by itself. */
const PARTS = 64

/**
 * An object with so many members that it takes ever longer to grow by another: where each of them
 * becomes a record it is gone through as it is. Wherever else it stands it is the reason why there
 * is no record.
 */
export class Entries extends ParseFailure {
  readonly names: string[] = []
  readonly values: unknown[] = []
  readonly #seen = Array.from({ length: PARTS }, () => new Set<string>())

  constructor(maxFields: number) {
    const { code, message } = tooWide(maxFields)
    super(code, message, '')
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && ENTRIES in value
  }
  get [ENTRIES](): true {
    return true
  }

  /** False if there is one of this name. */
  add(name: string, value: unknown): boolean {
    const seen = this.#seen[partOf(name)]!
    if (seen.has(name)) return false
    seen.add(name)
    this.names.push(name)
    this.values.push(value)
    return true
  }
}

function partOf(name: string): number {
  let hash = 0
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0
  return (hash ^ (hash >>> 16)) & (PARTS - 1)
}
