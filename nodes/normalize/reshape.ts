import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { fieldMover, NotConverted } from '../../core/record/move-fields.ts'
import { numberIn, numberWithComma } from '../../core/record/number-text.ts'
import type { Reason, TelemetryRecord } from '../../core/record/record.ts'

export type Conversion = 'keep' | 'number' | 'decimal-comma' | 'text'

/** What becomes of one field: another name, another type, or both. */
export interface NormalizedRow {
  /** A name, or a path into objects of the record. */
  readonly from: string
  /** Its new name; empty to keep it. */
  readonly to: string
  readonly as: Conversion
}

/** A record with its fields renamed and converted, as a new object; or why it cannot be. */
export type Reshape = (record: TelemetryRecord) => TelemetryRecord | Unconvertible

export class Unconvertible implements Reason {
  readonly code = 'NOT_A_NUMBER'
  readonly message: string
  constructor(
    readonly path: string,
    value: unknown
  ) {
    const why =
      isExactNumber(value) || (typeof value === 'string' && /\d{16}/.test(value))
        ? 'has more digits than a number holds'
        : 'is not a number'
    this.message = `${path} is ${String(jsonText(value)).slice(0, 80)}, which ${why}.`
  }
}

/** The function for these rows; undefined if there is nothing to do. */
export function reshaper(rows: readonly NormalizedRow[]): Reshape | undefined {
  if (rows.length === 0) return undefined
  const move = fieldMover(
    rows.map(({ from, to, as }) => ({
      from,
      to,
      convert: as === 'keep' ? undefined : value => convert(value, as)
    })),
    true
  )
  return record => {
    const moved = move(record)
    return moved instanceof NotConverted ? new Unconvertible(moved.from, moved.value) : moved
  }
}

/** Undefined if the value cannot be converted. */
function convert(value: unknown, as: Conversion): unknown {
  if (as === 'text') return typeof value === 'object' ? jsonText(value) : String(value)
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  return as === 'decimal-comma' ? numberWithComma(value) : numberIn(value)
}
