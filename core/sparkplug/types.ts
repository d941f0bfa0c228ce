/** Sparkplug 3.0, 6.4.1: datatypes by their numbers. */
export const TYPE_NAMES = [
  'Unknown',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'UInt8',
  'UInt16',
  'UInt32',
  'UInt64',
  'Float',
  'Double',
  'Boolean',
  'String',
  'DateTime',
  'Text',
  'UUID',
  'DataSet',
  'Bytes',
  'File',
  'Template',
  'PropertySet',
  'PropertySetList',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Int64Array',
  'UInt8Array',
  'UInt16Array',
  'UInt32Array',
  'UInt64Array',
  'FloatArray',
  'DoubleArray',
  'BooleanArray',
  'StringArray',
  'DateTimeArray'
] as const

export type TypeName = (typeof TYPE_NAMES)[number]

/** The name of a datatype that exists; 0 is none. */
export const typeName = (datatype: number | undefined): TypeName | undefined =>
  datatype === undefined || datatype === 0 ? undefined : TYPE_NAMES[datatype]

export const numberOf = (name: TypeName): number => TYPE_NAMES.indexOf(name)

/** A double holds each up to 2^53; beyond that it is a BigInt. */
export type Integer = number | bigint

/** The fields of the oneof `value`, as far as anything is read from them. */
export type ValueField =
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'dataset'
  | 'template'
  | 'properties'
  | 'property-sets'

/** What carries a value: as it is on the wire, before its datatype says what it means. */
export interface Carrier {
  readonly field: ValueField | undefined
  readonly raw: unknown
}

export interface Property extends Carrier {
  readonly datatype: number | undefined
  readonly isNull: boolean
}

export type PropertySet = ReadonlyMap<string, Property>

export interface Metric extends Carrier {
  readonly name: string | undefined
  readonly alias: Integer | undefined
  /** Milliseconds since 1970. */
  readonly timestamp: Integer | undefined
  readonly datatype: number | undefined
  readonly isHistorical: boolean
  readonly isTransient: boolean
  readonly isNull: boolean
  readonly properties: PropertySet | undefined
}

export interface Parameter extends Carrier {
  readonly name: string | undefined
  readonly datatype: number | undefined
}

export interface DataSet {
  readonly columns: readonly string[]
  readonly types: readonly number[]
  readonly rows: readonly (readonly Carrier[])[]
}

export interface Template {
  readonly version: string | undefined
  /** The name of its definition; absent for a definition. */
  readonly reference: string | undefined
  readonly isDefinition: boolean
  readonly metrics: readonly Metric[]
  readonly parameters: readonly Parameter[]
}

export interface Payload {
  readonly timestamp: Integer | undefined
  readonly seq: Integer | undefined
  readonly metrics: readonly Metric[]
}
