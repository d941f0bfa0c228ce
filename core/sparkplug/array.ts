import type { ParseFailure } from '../record/parse-failure.ts'
import { finite, invalid, plainInteger, timeText, type ValueRules } from './scalar.ts'
import type { TypeName } from './types.ts'

/** How one element is read, and how many bytes it has. */
interface Element {
  readonly bytes: number
  read(from: Buffer, at: number, rules: ValueRules): unknown
}

const ELEMENTS: Readonly<Partial<Record<TypeName, Element>>> = {
  Int8Array: { bytes: 1, read: (from, at) => from.readInt8(at) },
  Int16Array: { bytes: 2, read: (from, at) => from.readInt16LE(at) },
  Int32Array: { bytes: 4, read: (from, at) => from.readInt32LE(at) },
  Int64Array: { bytes: 8, read: (from, at) => plainInteger(from.readBigInt64LE(at)) },
  UInt8Array: { bytes: 1, read: (from, at) => from.readUInt8(at) },
  UInt16Array: { bytes: 2, read: (from, at) => from.readUInt16LE(at) },
  UInt32Array: { bytes: 4, read: (from, at) => from.readUInt32LE(at) },
  UInt64Array: { bytes: 8, read: (from, at) => plainInteger(from.readBigUInt64LE(at)) },
  FloatArray: { bytes: 4, read: (from, at, rules) => finite(from.readFloatLE(at), rules) },
  DoubleArray: { bytes: 8, read: (from, at, rules) => finite(from.readDoubleLE(at), rules) },
  DateTimeArray: { bytes: 8, read: (from, at) => timeText(from.readBigUInt64LE(at)) }
}

/** The elements of an array, which Sparkplug 3.0 packs little-endian into bytes (6.4.17). */
export function arrayOf(bytes: Buffer, type: TypeName, rules: ValueRules): unknown {
  if (type === 'BooleanArray') return booleansOf(bytes)
  if (type === 'StringArray') return textsOf(bytes)
  const element = ELEMENTS[type]
  if (element === undefined) return invalid(`A metric cannot be a ${type}.`)
  if (bytes.length % element.bytes !== 0)
    return invalid(`The ${bytes.length} bytes of the ${type} are no whole number of elements.`)
  const values: unknown[] = []
  for (let at = 0; at < bytes.length; at += element.bytes) {
    const value = element.read(bytes, at, rules)
    if (isFailure(value)) return value
    values.push(value)
  }
  return values
}

const isFailure = (value: unknown): value is ParseFailure =>
  typeof value === 'object' && value !== null

/** Their number in four bytes, then a bit each, the highest of a byte first. */
function booleansOf(bytes: Buffer): boolean[] | ParseFailure {
  const count = bytes.length < 4 ? -1 : bytes.readUInt32LE(0)
  if (Math.ceil(count / 8) !== bytes.length - 4)
    return invalid(`The BooleanArray has ${bytes.length} bytes, which are not as many as it says.`)
  return Array.from({ length: count }, (_, index) => {
    const byte = bytes[4 + (index >> 3)]!
    return ((byte >> (7 - (index & 7))) & 1) === 1
  })
}

/** Each text ends with a NUL. */
function textsOf(bytes: Buffer): string[] | ParseFailure {
  if (bytes.length > 0 && bytes.at(-1) !== 0)
    return invalid('The last text of the StringArray does not end with a NUL.')
  const text = bytes.toString()
  if (Buffer.byteLength(text) !== bytes.length || !Buffer.from(text).equals(bytes))
    return invalid('A text of the StringArray is not valid UTF-8.')
  return text === '' ? [] : text.slice(0, -1).split('\0')
}
