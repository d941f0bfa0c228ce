import type { Product } from '../../core/influx/products.ts'
import type { Precision } from '../../core/influx/settings.ts'
import { type Get, getter } from '../../core/record/field-path.ts'
import type { Reason } from '../../core/record/record.ts'
import { textTemplate } from '../../core/record/text-template.ts'
import { type Escape, escapesOf } from './escape.ts'
import { timesOf } from './times.ts'
import { noRecord, Unfit, unfit } from './unfit.ts'
import { encodersOf, type FieldType, textOf, type WriteValue } from './values.ts'

/** A row of the dialog. */
export interface PointRow {
  readonly name: string
  readonly from: string
  readonly type: FieldType | 'tag'
  readonly role: 'required' | 'optional'
}

export interface LineOptions {
  /** A text with fields in it: `{metric}`. */
  readonly measurement: string
  readonly rows: readonly PointRow[]
  /** Path of the field that has the time. */
  readonly time: string
  readonly precision: Precision
  readonly longAsText: boolean
}

interface Part {
  readonly get: Get
  readonly from: string
  readonly isRequired: boolean
  /** Name and equals sign, as they are written. */
  readonly head: string
  readonly encode: WriteValue
}

const MISSING = unfit('COLUMN_MISSING', 'is missing')
const NOT_TEXT = unfit('COLUMN_TYPE', 'must be text or a number')
const UNWRITABLE = unfit(
  'POINT_UNWRITABLE',
  'has a line break, or ends with a backslash, which a tag or name cannot have there'
)
const COMMENT = unfit('POINT_UNWRITABLE', 'begins with #, which makes the line a comment')
const TOO_LONG = unfit(
  'POINT_UNWRITABLE',
  'makes measurement and tags longer than 65,535 bytes, which no server takes'
)
const NO_FIELDS: Reason = {
  code: 'POINT_EMPTY',
  message: 'None of the fields that the node writes has a value, and a point needs one.'
}

/** Makes records points of line protocol: `measurement,tag=a field=1.5 1708700000000000000`. */
export class LineMaker {
  readonly #measurement: (record: unknown) => string | Unfit
  readonly #tags: readonly Part[]
  readonly #fields: readonly Part[]
  readonly #time: Get
  readonly #timeOf: (value: unknown) => string | Unfit

  constructor(
    private readonly options: LineOptions,
    product: Product
  ) {
    const escapes = escapesOf(product)
    const encoders = encodersOf({ product, escapes, longAsText: options.longAsText })
    const tag = tagsBy(escapes.name)
    const parts = options.rows.map(row => ({
      row,
      part: {
        get: getter(row.from),
        from: row.from,
        isRequired: row.role === 'required',
        head: `${escapes.name(row.name) ?? row.name}=`,
        encode: row.type === 'tag' ? tag : encoders[row.type]
      }
    }))
    // In the order of their names a server has the least to do with them.
    const tags = parts.filter(({ row }) => row.type === 'tag')
    this.#tags = tags.sort((a, b) => (a.row.name < b.row.name ? -1 : 1)).map(({ part }) => part)
    this.#fields = parts.filter(({ row }) => row.type !== 'tag').map(({ part }) => part)
    this.#measurement = measurements(options.measurement, escapes.measurement)
    this.#time = getter(options.time)
    this.#timeOf = timesOf(product, options.precision)
  }

  /** The line of a record without its end, or why there is none. */
  line(record: unknown): string | Reason {
    const refusal = noRecord(record)
    if (refusal !== undefined) return refusal
    const measurement = this.#measurement(record)
    if (measurement instanceof Unfit) return measurement.reason(this.options.measurement)
    let line = measurement
    for (const tag of this.#tags) {
      const written = writtenOf(tag, record)
      if (written instanceof Unfit) return written.reason(tag.from)
      if (written === '') continue
      line += `,${tag.head}${written}`
      if (isTooLong(line)) return TOO_LONG.reason(tag.from)
    }
    let separator = ' '
    for (const field of this.#fields) {
      const written = writtenOf(field, record)
      if (written instanceof Unfit) return written.reason(field.from)
      if (written === '') continue
      line += separator + field.head + written
      separator = ','
    }
    return separator === ' ' ? NO_FIELDS : this.#withTime(line, record)
  }

  #withTime(line: string, record: unknown): string | Reason {
    const value = this.#time(record)
    const time = value === undefined || value === null ? MISSING : this.#timeOf(value)
    return time instanceof Unfit ? time.reason(this.options.time) : `${line} ${time}`
  }
}

/** Empty where there is nothing to write. */
function writtenOf({ get, encode, isRequired }: Part, record: unknown): string | Unfit {
  const value = get(record)
  const written = value === undefined || value === null ? '' : encode(value)
  return written === '' && isRequired ? MISSING : written
}

/** An empty tag and one that is absent are the same to a server. */
const tagsBy =
  (escaped: Escape): WriteValue =>
  value => {
    const text = typeof value === 'boolean' ? String(value) : textOf(value)
    return text === undefined ? NOT_TEXT : (escaped(text) ?? UNWRITABLE)
  }

/** So many names are known as they are written. */
const MOST_NAMES = 1_000

function measurements(text: string, escaped: Escape): (record: unknown) => string | Unfit {
  const template = textTemplate(text)
  const known = new Map<string, string | Unfit>()
  return record => {
    const filled = template.fill(record)
    if ('missing' in filled) return MISSING
    let written = known.get(filled.text)
    if (written === undefined) {
      written = measurementOf(filled.text, escaped)
      if (known.size >= MOST_NAMES) known.clear()
      known.set(filled.text, written)
    }
    return written
  }
}

function measurementOf(text: string, escaped: Escape): string | Unfit {
  if (text === '') return MISSING
  if (text.startsWith('#')) return COMMENT
  const written = escaped(text) ?? UNWRITABLE
  return typeof written === 'string' && isTooLong(written) ? TOO_LONG : written
}

/** What names a series in InfluxDB. */
const MOST_KEY_BYTES = 65_535
/** A character has three bytes at most, so that short ones need not be counted. */
const isTooLong = (key: string) =>
  key.length > MOST_KEY_BYTES / 3 && Buffer.byteLength(key) > MOST_KEY_BYTES
