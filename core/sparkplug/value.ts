import { ParseFailure, under } from '../record/parse-failure.ts'
import { arrayOf } from './array.ts'
import { finite, invalid, plainInteger, timeText, unknownType, type ValueRules } from './scalar.ts'
import {
  type Carrier,
  type DataSet,
  type Integer,
  type Metric,
  type Parameter,
  type Property,
  type PropertySet,
  type Template,
  type TypeName,
  typeName
} from './types.ts'

/**
 * What a value on the wire means by its datatype, as JSON has it: bytes as base64, times as ISO
 * 8601, integers beyond 2^53 as BigInt. Never another value than was sent: what the datatype cannot
 * hold is a `ParseFailure`.
 */
export function meaningOf(carrier: Carrier, type: TypeName, rules: ValueRules): unknown {
  const { field, raw } = carrier
  if (field === undefined)
    return invalid(`The ${type} has no value, and does not say that it is null.`)
  const integer = INTEGERS[type]
  if (integer !== undefined) return integerOf(carrier, type, integer)
  if (type === 'Float' || type === 'Double')
    return field === 'float' || field === 'double'
      ? finite(raw as number, rules)
      : unlike(type, field)
  if (type === 'DateTime')
    return field === 'long' || field === 'int' ? timeText(raw as Integer) : unlike(type, field)
  if (FIELDS[type] !== undefined) return FIELDS[type] === field ? raw : unlike(type, field)
  if (type === 'Bytes' || type === 'File')
    return field === 'bytes' ? (raw as Buffer).toString('base64') : unlike(type, field)
  if (type === 'DataSet')
    return field === 'dataset' ? dataSetOf(raw as DataSet, rules) : unlike(type, field)
  if (type === 'Template')
    return field === 'template' ? templateOf(raw as Template, rules) : unlike(type, field)
  if (type === 'PropertySet' || type === 'PropertySetList')
    return propertiesIn(raw, field, type, rules)
  return field === 'bytes' ? arrayOf(raw as Buffer, type, rules) : unlike(type, field)
}

const FIELDS: Readonly<Partial<Record<TypeName, string>>> = {
  Boolean: 'boolean',
  String: 'string',
  Text: 'string',
  UUID: 'string'
}

const unlike = (type: TypeName, field: string) =>
  invalid(`The metric is a ${type}, but its value is sent as ${field}.`)

interface IntegerKind {
  readonly bits: number
  readonly signed: boolean
}

export const INTEGERS: Readonly<Partial<Record<TypeName, IntegerKind>>> = {
  Int8: { bits: 8, signed: true },
  Int16: { bits: 16, signed: true },
  Int32: { bits: 32, signed: true },
  Int64: { bits: 64, signed: true },
  UInt8: { bits: 8, signed: false },
  UInt16: { bits: 16, signed: false },
  UInt32: { bits: 32, signed: false },
  UInt64: { bits: 64, signed: false }
}

/**
 * The wire has no signs: a negative number stands there as its two's complement, of the datatype's
 * own width or of the field's (Sparkplug 3.0, 6.4.16).
 */
function integerOf(
  { field, raw }: Carrier,
  type: TypeName,
  { bits, signed }: IntegerKind
): unknown {
  if (field !== 'int' && field !== 'long') return unlike(type, String(field))
  const sent = BigInt(raw as Integer)
  if (!signed) return sent < 1n << BigInt(bits) ? plainInteger(sent) : outside(sent, type)
  // Of 32 bits sent for 64 nobody knows whether the first is a sign.
  if (field === 'int' && bits > 32 && sent >= 1n << 31n) return outside(sent, type)
  const widths = field === 'int' ? [bits, 32] : [bits, 32, 64]
  for (const width of widths) {
    if (width < bits || sent >= 1n << BigInt(width)) continue
    const value = BigInt.asIntN(width, sent)
    if (BigInt.asIntN(bits, value) === value) return plainInteger(value)
  }
  return outside(sent, type)
}

const outside = (sent: bigint, type: TypeName) => invalid(`The number ${sent} is no ${type}.`)

/** The value of what has a datatype of its own; null where it says so. */
function typed(carrier: Carrier & { datatype: number | undefined }, rules: ValueRules): unknown {
  const type = typeName(carrier.datatype)
  return type === undefined ? unknownType(carrier.datatype) : meaningOf(carrier, type, rules)
}

function dataSetOf({ columns, types, rows }: DataSet, rules: ValueRules): unknown {
  const names = types.map(typeName)
  if (names.includes(undefined) || names.length !== columns.length)
    return invalid(`The DataSet has ${columns.length} columns and ${types.length} datatypes.`)
  const made: unknown[][] = []
  for (const [number, cells] of rows.entries()) {
    if (cells.length !== columns.length)
      return invalid(
        `Row ${number} of the DataSet has ${cells.length} of ${columns.length} values.`
      )
    const row = cells.map((cell, at) =>
      cell.field === undefined ? null : meaningOf(cell, names[at]!, rules)
    )
    const failure = row.find(value => value instanceof ParseFailure)
    if (failure instanceof ParseFailure) return failure
    made.push(row)
  }
  return { columns: [...columns], types: names, rows: made }
}

function templateOf(template: Template, rules: ValueRules): unknown {
  const { version, reference, isDefinition, metrics, parameters } = template
  const made = metrics.map(metric => memberOf(metric, rules))
  const given = parameters.map(parameter => memberOf(parameter, rules))
  const failure = [...made, ...given].find(each => each instanceof ParseFailure)
  if (failure !== undefined) return failure
  return {
    ...(version === undefined ? {} : { version }),
    ...(reference === undefined ? {} : { template: reference }),
    ...(isDefinition ? { is_definition: true } : {}),
    metrics: made,
    ...(given.length === 0 ? {} : { parameters: given })
  }
}

/** In a definition a metric may have no value. */
function memberOf(member: Metric | Parameter, rules: ValueRules): object {
  const { name, datatype, field } = member
  const isNull = 'isNull' in member && member.isNull
  const value = isNull || field === undefined ? null : typed(member, rules)
  if (value instanceof ParseFailure) return under(value, name ?? '')
  const alias = 'alias' in member && name === undefined ? { alias: member.alias } : {}
  const time = 'timestamp' in member && member.timestamp !== undefined
  return {
    ...(name === undefined ? alias : { name }),
    type: typeName(datatype) ?? 'Unknown',
    value,
    ...(time ? { ts: member.timestamp } : {})
  }
}

function propertiesIn(raw: unknown, field: string, type: TypeName, rules: ValueRules): unknown {
  if (type === 'PropertySet')
    return field === 'properties' ? propertiesOf(raw as PropertySet, rules) : unlike(type, field)
  if (field !== 'property-sets') return unlike(type, field)
  const sets = (raw as readonly PropertySet[]).map(set => propertiesOf(set, rules))
  return sets.find(set => set instanceof ParseFailure) ?? sets
}

/** The properties by name. What has no meaning by its datatype is the failure of all. */
export function propertiesOf(set: PropertySet, rules: ValueRules): object {
  const entries: [string, unknown][] = []
  for (const [name, property] of set) {
    const value = propertyOf(property, rules)
    if (value instanceof ParseFailure) return under(value, name)
    entries.push([name, value])
  }
  return Object.fromEntries(entries)
}

const propertyOf = (property: Property, rules: ValueRules): unknown =>
  property.isNull ? null : typed(property, rules)
