import type { Product } from '../../core/influx/products.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { isExact } from '../../core/record/exact-number.ts'
import { jsonText } from '../../core/record/json-write.ts'
import type { Escapes } from './escape.ts'
import { type Unfit, unfit } from './unfit.ts'

/** What a row of the dialog makes of a field. */
export type FieldType = 'number' | 'integer' | 'unsigned' | 'text' | 'boolean' | 'json'

/** Writes a value that is neither null nor undefined. */
export type WriteValue = (value: unknown) => string | Unfit

export interface WrittenAs {
  readonly product: Product
  readonly escapes: Escapes
  /** Numbers of more digits than the server keeps are written as text. */
  readonly longAsText: boolean
}

const NOT_NUMBER = unfit('COLUMN_TYPE', 'must be a number')
const NOT_FINITE = unfit('COLUMN_NOT_FINITE', 'is not a finite number')
const NOT_DOUBLE = unfit(
  'COLUMN_RANGE',
  'has more digits than a double holds, which is what the server keeps numbers in'
)
const NOT_WHOLE = unfit('COLUMN_TYPE', 'must be a whole number')
const NOT_EXACT = unfit(
  'COLUMN_RANGE',
  'is above 2^53, where a JSON number is not exact: send it as text'
)
const NOT_TEXT = unfit('COLUMN_TYPE', 'must be text')
const NOT_BOOLEAN = unfit('COLUMN_TYPE', 'must be true or false')
const NOT_JSON = unfit('COLUMN_TYPE', 'cannot be written as JSON')

/** How each type is written. */
export const encodersOf = (rules: WrittenAs): Readonly<Record<FieldType, WriteValue>> => ({
  number: numbers(rules),
  integer: integers(rules, { ...rules.product, mark: 'i', what: 'an integer of the server' }),
  unsigned: integers(rules, {
    least: 0n,
    most: rules.product.most === INT64_MAX ? UINT64_MAX : rules.product.most,
    mark: 'u',
    what: 'an unsigned integer of the server'
  }),
  text: texts(rules),
  boolean: value => (typeof value === 'boolean' ? (value ? 'true' : 'false') : NOT_BOOLEAN),
  json: jsons(rules)
})

const INT64_MAX = 2n ** 63n - 1n
const UINT64_MAX = 2n ** 64n - 1n

function numbers({ longAsText, escapes }: WrittenAs): WriteValue {
  return value => {
    if (typeof value === 'number') return Number.isFinite(value) ? written(value) : NOT_FINITE
    if (!isExactNumber(value)) return NOT_NUMBER
    const digits = String(value)
    if (isExact(digits)) return digits
    return longAsText ? escapes.text(digits) : NOT_DOUBLE
  }
}

const written = (value: number) => (Object.is(value, -0) ? '-0' : String(value))

interface Range {
  readonly least: bigint
  readonly most: bigint
  readonly mark: 'i' | 'u'
  readonly what: string
}

function integers({ longAsText, escapes }: WrittenAs, range: Range): WriteValue {
  const { least, most, mark, what } = range
  const beyond = unfit('COLUMN_RANGE', `does not fit ${what} (${least} to ${most})`)
  return value => {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      return Number.isInteger(value) ? NOT_EXACT : NOT_WHOLE
    if (typeof value === 'number' && value >= 0) return `${value}${mark}`
    const whole = wholeOf(value)
    if (whole === undefined) return NOT_WHOLE
    if (whole >= least && whole <= most) return `${whole}${mark}`
    return longAsText ? escapes.text(String(whole)) : beyond
  }
}

/** Longer ones are numbers of nobody, and to read them takes a time that grows with its square. */
const WHOLE = /^[+-]?\d{1,400}$/

function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  return typeof value === 'string' && WHOLE.test(value) ? BigInt(value.replace('+', '')) : undefined
}

function texts({ escapes }: WrittenAs): WriteValue {
  return value => {
    const text = textOf(value)
    return text === undefined ? NOT_TEXT : escapes.text(text)
  }
}

/** Ids that are numbers are common. */
export const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  const isNumber = (typeof value === 'number' && Number.isFinite(value)) || isExactNumber(value)
  return isNumber ? String(value) : undefined
}

function jsons({ escapes }: WrittenAs): WriteValue {
  return value => {
    try {
      const text = jsonText(value)
      return text === undefined ? NOT_JSON : escapes.text(text)
    } catch {
      return NOT_JSON
    }
  }
}
