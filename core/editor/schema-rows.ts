/**
 * The fields of a JSON Schema as rows, and rows as a JSON Schema again. The fields of an object,
 * and what each element of a list is, stand below its row, one level deeper. What a row has no cell
 * for stays as it stands.
 */
import { repeatedNames } from '../record/json-names.ts'

export interface SchemaRow {
  /** 0 for a field of the record. */
  readonly depth: number
  /** Empty for the elements of a list. */
  readonly name: string
  /** It says what each element of the list above it is. */
  readonly isElement: boolean
  /** Names of types joined by a comma; empty for any. */
  readonly type: string
  readonly minimum: string
  readonly maximum: string
  /** The values that there may be, as `wordsText` writes them; empty for any. */
  readonly among: string
  readonly required: boolean
  /** Keywords beside these, which only the text shows. */
  readonly more: readonly string[]
  /** The schema that the row was read from; undefined for a new row. */
  readonly from: unknown
}

type Schema = Record<string, unknown>
type Cell = 'type' | 'minimum' | 'maximum' | 'among'

const CELLS = ['type', 'minimum', 'maximum', 'enum']
const BELOW = ['properties', 'required', 'items']
/** Of a schema that a person looks at as rows. */
const MOST_ROWS = 200
export const MAX_DEPTH = 8
/** What a number of JSON may have and still be the same one in JavaScript. */
const MOST_DIGITS = 15

/** Undefined where rows cannot show the schema: it is no object, or wrong, or too long. */
export function schemaRows(text: string): SchemaRow[] | undefined {
  const schema = schemaIn(text)
  const rows = schema && rowsBelow(schema, 0)
  return rows !== undefined && rows.length <= MOST_ROWS ? rows : undefined
}

function rowsBelow(schema: Schema, depth: number): SchemaRow[] {
  if (!isReadable(schema) || depth > MAX_DEPTH) return []
  const required = requiredIn(schema)
  const fields = Object.entries(propertiesIn(schema)).flatMap(([name, from]) =>
    rowsOf(depth, name, from, required.includes(name))
  )
  return hasElement(schema, depth) ? [...fields, ...rowsOf(depth, undefined, schema.items)] : fields
}

function rowsOf(
  depth: number,
  name: string | undefined,
  from: unknown,
  required = false
): SchemaRow[] {
  const schema = isObject(from) ? from : {}
  const below = rowsBelow(schema, depth + 1)
  const isWhole = isReadable(schema) && depth < MAX_DEPTH
  const shown = [...CELLS, ...(isWhole ? BELOW : [])]
  const isOwn = (keyword: string) => keyword === 'items' && !hasElement(schema, depth + 1)
  const row: SchemaRow = {
    depth,
    name: name ?? '',
    isElement: name === undefined,
    ...cellsOf(schema),
    required,
    more: Object.keys(schema).filter(keyword => !shown.includes(keyword) || isOwn(keyword)),
    from
  }
  return [row, ...below]
}

const cellsOf = (schema: Schema): Record<Cell, string> => ({
  type: [schema.type ?? []].flat().join(','),
  minimum: numberText(schema.minimum),
  maximum: numberText(schema.maximum),
  among: Array.isArray(schema.enum) ? wordsText(schema.enum) : ''
})

/** A row with those that stand below it. */
interface Branch {
  readonly row: SchemaRow
  readonly below: Branch[]
}

/**
 * The schema with these rows; only what a person has changed in a row changes. A field that has two
 * rows stands in it twice, so that this is told and neither is lost.
 */
export function withRows(text: string, rows: readonly SchemaRow[]): string {
  const changed = withBelow(schemaIn(text) ?? {}, branchesOf(rows), 0)
  const written = JSON.stringify({ properties: {}, ...changed }, undefined, 2)
  return `${written.replace(AGAIN_WRITTEN, '":')}\n`
}

/** Tells two fields of one name apart; nobody types NUL. */
const AGAIN = '\0again '
const AGAIN_WRITTEN = /\\u0000again \d+":/g

function branchesOf(rows: readonly SchemaRow[]): Branch[] {
  const open: Branch[][] = [[]]
  for (const row of rows) {
    const branch: Branch = { row, below: [] }
    open.length = Math.min(row.depth + 1, open.length)
    open.at(-1)!.push(branch)
    open.push(branch.below)
  }
  return open[0]!
}

/** A schema with what stands below it; as it is where nothing does, now and before. */
function withBelow(schema: Schema, branches: readonly Branch[], depth: number): Schema {
  const isShown = isReadable(schema) && depth <= MAX_DEPTH
  if (!isShown && branches.length === 0) return schema
  const had = Object.keys(propertiesIn(schema))
  const named = branches.filter(({ row }) => row.name !== '' && !row.isElement)
  const element = branches.find(({ row }) => row.isElement)
  const changed: Schema = { ...schema }
  if (had.length > 0 || named.length > 0) {
    const properties = Object.create(null) as Schema
    for (const [index, branch] of named.entries()) {
      const { name } = branch.row
      properties[name in properties ? `${name}${AGAIN}${index}` : name] = schemaOf(branch, depth)
    }
    changed.properties = { ...properties }
    const required = requiredOf(schema, named, had)
    if (required.length > 0) changed.required = required
    else if (requiredIn(schema).length > 0) delete changed.required
  }
  if (element !== undefined) changed.items = schemaOf(element, depth)
  else if (hasElement(schema, depth)) delete changed.items
  return changed
}

/** In the order of before; names that no row had are kept. */
function requiredOf(schema: Schema, named: readonly Branch[], had: readonly string[]): string[] {
  const wanted = new Set(named.filter(({ row }) => row.required).map(({ row }) => row.name))
  const kept = requiredIn(schema).filter(name => wanted.has(name) || !had.includes(name))
  return [...new Set([...kept, ...wanted])]
}

function schemaOf({ row, below }: Branch, depth: number): unknown {
  const { from = {} } = row
  const schema = isObject(from) ? from : {}
  const before = cellsOf(schema)
  const isAs = (cell: Cell) => row[cell] === before[cell]
  const changed = { ...withBelow(schema, below, depth + 1) }
  const put = (keyword: string, value: unknown) => {
    if (value === undefined) delete changed[keyword]
    else changed[keyword] = value
  }
  if (!isAs('type')) put('type', typeOf(row.type))
  if (!isAs('minimum')) put('minimum', numberOf(row.minimum))
  if (!isAs('maximum')) put('maximum', numberOf(row.maximum))
  if (!isAs('among')) put('enum', row.among.trim() === '' ? undefined : wordsOf(row.among))
  // A field may be `true`, which is a schema as well.
  return isObject(from) || Object.keys(changed).length > 0 ? changed : from
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
  const isWhole = isObject(schema) && hasOnlyPlainNumbers(text) && repeatedNames(text).length === 0
  return isWhole && isReadable(schema) ? schema : undefined
}

/** A field without a name would be a row that nobody has filled in yet. */
const isReadable = ({ properties = {}, required = [] }: Schema): boolean =>
  isObject(properties) &&
  !Object.hasOwn(properties, '') &&
  Array.isArray(required) &&
  required.every(isText)

/** The record itself is no list. */
const hasElement = ({ items }: Schema, depth: number): boolean => depth > 0 && isObject(items)

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
