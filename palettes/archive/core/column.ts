import { instantMicros, isExactNumber, jsonText } from '@millrace/node-red-telemetry'

export const COLUMN_TYPES = {
  text: 'text',
  double: 'number',
  int64: 'whole number (64 bits)',
  decimal: 'exact decimal',
  timestamp: 'time (UTC)',
  boolean: 'true / false',
  json: 'JSON'
} as const
export type ColumnType = keyof typeof COLUMN_TYPES

/** A value as it stands in a spill file, which is JSON: what is of 64 bits and more is a text. */
export type Cell = string | number | boolean | null

export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** Of a decimal. */
  readonly precision: number
  readonly scale: number
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/

/** The value as the column holds it; undefined where it does not fit, as no value is bent. */
export function cellOf(column: Column, value: unknown): Cell | undefined {
  if (value === undefined || value === null) return null
  switch (column.type) {
    case 'text':
      return typeof value === 'string' && value.isWellFormed() ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'double':
      return typeof value === 'number' ? doubleOf(value) : undefined
    case 'int64':
      return int64Of(value)
    case 'decimal':
      return decimalOf(column, value)
    case 'timestamp':
      return typeof value === 'bigint' ? undefined : instantMicros(value)?.toString()
    case 'json':
      return jsonText(value)
  }
}

/** JSON has no infinity, and no zero below zero. */
const doubleOf = (value: number): Cell =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : `${value}`

function int64Of(value: unknown): Cell | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (typeof value !== 'bigint') return undefined
  return value >= INT64_MIN && value <= INT64_MAX ? value.toString() : undefined
}

/** The digits without the point, as many behind it as the column has. */
function decimalOf({ precision, scale }: Column, value: unknown): Cell | undefined {
  if (typeof value !== 'number' && !isExactNumber(value)) return undefined
  const found = DECIMAL.exec(String(value))
  if (found === null) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = found
  const places = fraction.length - Number(exponent)
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  if (digits === '') return '0'
  const zeros = scale - places
  if (zeros < 0 && !/^0+$/.test(digits.slice(zeros))) return undefined
  if (digits.length + zeros > precision) return undefined
  const unscaled = zeros < 0 ? digits.slice(0, zeros) : digits + '0'.repeat(zeros)
  return unscaled === '' ? '0' : `${sign}${unscaled}`
}

/** As people and programs read it in CSV. */
export function cellText({ type, scale }: Column, cell: Cell): string {
  if (cell === null) return ''
  if (type === 'timestamp') return isoOf(BigInt(cell))
  if (type === 'decimal') return pointed(String(cell), scale)
  return String(cell)
}

function pointed(unscaled: string, scale: number): string {
  if (scale === 0) return unscaled
  const sign = unscaled.startsWith('-') ? '-' : ''
  const digits = unscaled.slice(sign.length).padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** With as many digits behind the second as there are, three at least. */
function isoOf(micros: bigint): string {
  const more = ((micros % 1000n) + 1000n) % 1000n
  const text = new Date(Number((micros - more) / 1000n)).toISOString()
  return more === 0n ? text : `${text.slice(0, -1)}${String(more).padStart(3, '0')}Z`
}
