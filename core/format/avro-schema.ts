import { reasonOf } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import { type AvroLogical, isLogical } from './avro-logical.ts'
import type { ReferencedText } from './decoder.ts'
import { lineAt, lineOf } from './schema-line.ts'

/**
 * A type of a schema with its names resolved. A named type may contain itself, so its parts are
 * filled in later.
 */
export type AvroType =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' }
  | { readonly kind: 'logical'; readonly logical: AvroLogical; readonly of: AvroType }
  | ({ readonly kind: 'bytes' } & Decimal)
  | ({ readonly kind: 'fixed'; readonly size: number } & Decimal)
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array' | 'map'; readonly of: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | { readonly kind: 'record'; readonly fields: AvroField[] }

/** Digits behind the point and in all, of bytes that are a decimal number. */
interface Decimal {
  readonly scale: number | undefined
  readonly precision?: number | undefined
}

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly hasDefault?: boolean
  readonly default?: unknown
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string'] as const
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const MAX_FIXED_BYTES = 1_000_000

/**
 * @param references schemas whose named types this one uses, each after those that it uses itself
 * @throws OptionsError that says what is wrong with the schema, and in which line
 */
export function avroTypeOf(schema: string, references: readonly ReferencedText[] = []): AvroType {
  const named = new Map<string, AvroType>()
  for (const { text } of references) typeIn(text, named)
  return typeIn(schema, named)
}

function typeIn(schema: string, named: Map<string, AvroType>): AvroType {
  if (schema.trim() === '') throw new OptionsError('Schema', ['paste the Avro schema'])
  let parsed: unknown
  try {
    parsed = JSON.parse(schema)
  } catch (error) {
    throw new OptionsError('Schema', [jsonProblem(schema, reasonOf(error))])
  }
  return new AvroSchema(schema, named).type(parsed, '')
}

function jsonProblem(schema: string, why: string): string {
  const at = /position (\d+)/.exec(why)?.[1]
  const line = at === undefined ? lineAt(schema, schema.length) : lineAt(schema, Number(at))
  return `line ${line}: it is not JSON: ${why}`
}

type Attributes = Readonly<Record<string, unknown>>

/** Avro 1.12, "Schema Declaration". */
class AvroSchema {
  readonly #named: Map<string, AvroType>

  constructor(
    private readonly text: string,
    named: Map<string, AvroType>
  ) {
    this.#named = named
  }

  type(schema: unknown, namespace: string): AvroType {
    if (typeof schema === 'string') return this.#byName(schema, namespace)
    if (Array.isArray(schema)) return this.#union(schema, namespace)
    if (typeof schema !== 'object' || schema === null)
      throw this.#problem(`${JSON.stringify(schema)} is no type`, '')
    const attributes = schema as Attributes
    const { type } = attributes
    if (typeof type !== 'string') return this.type(type, namespace)
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(attributes, namespace)
      case 'enum':
        return this.#enum(attributes, namespace)
      case 'fixed':
        return this.#fixed(attributes, namespace)
      case 'array':
        return { kind: 'array', of: this.type(attributes.items, namespace) }
      case 'map':
        return { kind: 'map', of: this.type(attributes.values, namespace) }
      case 'bytes':
        return { kind: 'bytes', ...decimalOf(attributes) }
      default:
        return meant(attributes, this.#byName(type, namespace))
    }
  }

  #byName(name: string, namespace: string): AvroType {
    if ((PRIMITIVES as readonly string[]).includes(name))
      return { kind: name as (typeof PRIMITIVES)[number] }
    if (name === 'bytes') return { kind: 'bytes', scale: undefined }
    const found = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name)
    if (found === undefined) throw this.#problem(`there is no type "${name}"`, `"${name}"`)
    return found
  }

  #union(schemas: readonly unknown[], namespace: string): AvroType {
    if (schemas.length === 0) throw this.#problem('a union has no types', '[]')
    return { kind: 'union', branches: schemas.map(each => this.type(each, namespace)) }
  }

  #record(attributes: Attributes, namespace: string): AvroType {
    const record: AvroType = { kind: 'record', fields: [] }
    const inner = this.#declare(attributes, namespace, record)
    if (!Array.isArray(attributes.fields))
      throw this.#problem(`the record "${attributes.name}" has no fields`, `"${attributes.name}"`)
    const names = new Set<string>()
    for (const field of attributes.fields as unknown[]) {
      const { name, type, ...more } = (field ?? {}) as Attributes
      if (typeof name !== 'string' || !NAME.test(name)) {
        throw this.#problem(
          `${JSON.stringify(name)} is no name of a field`,
          JSON.stringify(name) ?? ''
        )
      }
      if (names.has(name))
        throw this.#problem(`the field "${name}" stands in it twice`, `"${name}"`)
      if (type === undefined) throw this.#problem(`the field "${name}" has no type`, `"${name}"`)
      names.add(name)
      const hasDefault = Object.hasOwn(more, 'default')
      record.fields.push({
        name,
        type: this.type(type, inner),
        ...(hasDefault && { hasDefault, default: more.default })
      })
    }
    return record
  }

  #enum(attributes: Attributes, namespace: string): AvroType {
    const { name, symbols } = attributes
    if (!Array.isArray(symbols) || !symbols.every(symbol => typeof symbol === 'string')) {
      throw this.#problem(`the enum "${name}" has no symbols`, `"${name}"`)
    }
    const made: AvroType = { kind: 'enum', symbols }
    this.#declare(attributes, namespace, made)
    return made
  }

  #fixed(attributes: Attributes, namespace: string): AvroType {
    const { name, size } = attributes
    if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > MAX_FIXED_BYTES) {
      throw this.#problem(`the fixed "${name}" has no size`, `"${name}"`)
    }
    const bare = { kind: 'fixed', size: size as number, ...decimalOf(attributes) } as const
    const made = meant(attributes, bare)
    this.#declare(attributes, namespace, made)
    return made
  }

  /** Notes a named type; gives the namespace of what is in it. */
  #declare({ name, namespace: own }: Attributes, namespace: string, type: AvroType): string {
    if (typeof name !== 'string' || !name.split('.').every(part => NAME.test(part))) {
      throw this.#problem(
        `${JSON.stringify(name)} is no name of a type`,
        JSON.stringify(name) ?? ''
      )
    }
    const full = fullName(name, typeof own === 'string' ? own : namespace)
    if (this.#named.has(full))
      throw this.#problem(`the type "${full}" is declared twice`, `"${name}"`)
    this.#named.set(full, type)
    return full.split('.').slice(0, -1).join('.')
  }

  #problem(why: string, where: string): OptionsError {
    return new OptionsError('Schema', [`line ${lineOf(this.text, where)}: ${why}`])
  }
}

const fullName = (name: string, namespace: string) =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`

/** With what its values mean, where the schema says so. */
const meant = ({ logicalType }: Attributes, type: AvroType): AvroType =>
  isLogical(logicalType, type) ? { kind: 'logical', logical: logicalType, of: type } : type

function decimalOf({ logicalType, scale = 0, precision }: Attributes): Decimal {
  if (logicalType !== 'decimal' || !Number.isInteger(scale)) return { scale: undefined }
  return {
    scale: scale as number,
    precision: Number.isInteger(precision) ? (precision as number) : undefined
  }
}
