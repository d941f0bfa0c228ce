/**
 * The fields of a JSON Schema as rows, and rows as a JSON Schema again. What a row has no cell for
 * stays as it stands.
 */

export interface SchemaRow {
  readonly name: string
  /** Names of types joined by a comma; empty for any. */
  readonly type: string
  readonly minimum: string
  readonly maximum: string
  /** The values that there may be, as `wordsText` writes them; empty for any. */
  readonly among: string
  readonly required: boolean
  /** Keywords beside these, which only the text shows. */
  readonly more: readonly string[]
  /** The name in the schema that the rows were read from; undefined for a new row. */
  readonly was: string | undefined
}

type Schema = Record<string, unknown>

const CELLS = ['type', 'minimum', 'maximum', 'enum']
/** Of a schema that a person looks at as rows. */
const MOST_ROWS = 200
/** What a number of JSON may have and still be the same one in JavaScript. */
const MOST_DIGITS = 15

/** Undefined where rows cannot show the schema: it is no object, or wrong. */
export function schemaRows(text: string): SchemaRow[] | undefined {
  const schema = schemaIn(text)
  if (schema === undefined) return undefined
  const required = requiredIn(schema)
  return Object.entries(propertiesIn(schema)).map(([name, given]) => {
    const property = isObject(given) ? given : {}
    return {
      name,
      type: [property.type ?? []].flat().join(','),
      minimum: numberText(property.minimum),
      maximum: numberText(property.maximum),
      among: Array.isArray(property.enum) ? wordsText(property.enum) : '',
      required: required.includes(name),
      more: Object.keys(property).filter(keyword => !CELLS.includes(keyword)),
      was: name
    }
  })
}

/** The schema with these rows; only what a person has changed in a row changes. */
export function withRows(text: string, rows: readonly SchemaRow[]): string {
  const schema = schemaIn(text) ?? {}
  const before = new Map((schemaRows(text) ?? []).map(row => [row.name, row]))
  const known = propertiesIn(schema)
  const named = rows.filter(({ name }) => name !== '')
  const properties: Schema = Object.create(null) as Schema
  for (const row of named) {
    const old = row.was === undefined ? undefined : before.get(row.was)
    properties[row.name] = propertyOf(row.was === undefined ? undefined : known[row.was], row, old)
  }
  const others = requiredIn(schema).filter(name => !before.has(name))
  const wanted = new Set(named.filter(({ required }) => required).map(({ name }) => name))
  const kept = requiredIn(schema).filter(name => wanted.has(name) || others.includes(name))
  const required = [...new Set([...kept, ...wanted])]
  const changed: Schema = { ...schema, required, properties: { ...properties } }
  if (required.length === 0) delete changed.required
  return `${JSON.stringify(changed, undefined, 2)}\n`
}

function propertyOf(given: unknown, row: SchemaRow, old: SchemaRow | undefined): unknown {
  const isAs = (cell: 'type' | 'minimum' | 'maximum' | 'among') => row[cell] === (old?.[cell] ?? '')
  if (isAs('type') && isAs('minimum') && isAs('maximum') && isAs('among')) return given ?? {}
  const property: Schema = isObject(given) ? { ...given } : {}
  const put = (keyword: string, value: unknown) => {
    if (value === undefined) delete property[keyword]
    else property[keyword] = value
  }
  if (!isAs('type')) put('type', typeOf(row.type))
  if (!isAs('minimum')) put('minimum', numberOf(row.minimum))
  if (!isAs('maximum')) put('maximum', numberOf(row.maximum))
  if (!isAs('among')) put('enum', row.among.trim() === '' ? undefined : wordsOf(row.among))
  return property
}

function typeOf(text: string): string | string[] | undefined {
  const names = text.split(',').filter(name => name !== '')
  return names.length > 1 ? names : names[0]
}

const numberText = (value: unknown) => (typeof value === 'number' ? String(value) : '')

const numberOf = (text: string): number | undefined =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined

/** `ok, 3, "4"`: words as they are, quoted where they would be read as something else. */
export const wordsText = (values: readonly unknown[]): string =>
  values
    .map(value =>
      typeof value === 'string' && wordsOf(value)[0] === value && !/[,"[\]{}]/.test(value)
        ? value
        : JSON.stringify(value)
    )
    .join(', ')

/** The values of such a text. */
export function wordsOf(text: string): unknown[] {
  try {
    return JSON.parse(`[${text}]`) as unknown[]
  } catch {
    const items = text.match(/\s*"(?:[^"\\]|\\.)*"\s*|[^,]+/g) ?? []
    return items
      .map(item => item.trim())
      .filter(item => item !== '')
      .map(parsedItem)
  }
}

function parsedItem(item: string): unknown {
  try {
    return JSON.parse(item)
  } catch {
    return item
  }
}

function schemaIn(text: string): Schema | undefined {
  const schema = parsedItem(text)
  if (!isObject(schema) || !hasOnlyPlainNumbers(text)) return undefined
  const { properties = {}, required = [] } = schema
  const isUsual = isObject(properties) && Object.keys(properties).length <= MOST_ROWS
  return isUsual && Array.isArray(required) && required.every(isText) ? schema : undefined
}

/** A number of more digits would be another one after it was read and written. */
function hasOnlyPlainNumbers(text: string): boolean {
  const plain = text.replace(/"(?:[^"\\]|\\.)*"/g, '')
  const numbers = plain.match(/\d[\d.]*/g) ?? []
  const isShort = (number: string) => number.replace(/\D/g, '').length <= MOST_DIGITS
  return numbers.every(isShort) && !/\de[+-]?\d{3}/i.test(plain)
}

const propertiesIn = ({ properties }: Schema): Schema => (isObject(properties) ? properties : {})

const requiredIn = ({ required }: Schema): string[] =>
  Array.isArray(required) ? (required as string[]) : []

const isText = (value: unknown) => typeof value === 'string'

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
