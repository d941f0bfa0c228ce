import { Decoder, decodeTimestampToTimeSpec, EXT_TIMESTAMP, ExtensionCodec } from '@msgpack/msgpack'
import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { ELEMENTS_A_FIELD, tooWide } from '../record/width.ts'
import {
  type Decode,
  type DecoderOptions,
  LONG_BINARY,
  one,
  type ReadContent,
  type Steps
} from './decoder.ts'
import { instantText } from './instant-text.ts'
import { type BinaryForm, longBinary } from './long-binary.ts'
import { endOfMsgpack, msgpackContainerAt } from './msgpack-extent.ts'
import { type PlainRules, plain } from './plain.ts'

/** Times have nanoseconds there, which a Date would cut. */
const EXTENSIONS = new ExtensionCodec()
EXTENSIONS.register({
  type: EXT_TIMESTAMP,
  encode: () => null,
  decode(data) {
    const { sec, nsec } = decodeTimestampToTimeSpec(data)
    return instantText(sec, nsec)
  }
})

const OPTIONS = {
  useBigInt64: true,
  extensionCodec: EXTENSIONS,
  /** Devices number their measurements, some by 64 bits. */
  mapKeyConverter(key: unknown): string | number {
    if (typeof key === 'string' || typeof key === 'number') return key
    if (typeof key === 'bigint') return String(key)
    throw new Error('a key is neither a text nor a number')
  }
}

const DECODER = new Decoder(OPTIONS)

/** MessagePack: one value a payload. */
export function msgpack(options: DecoderOptions): Decode {
  const form = formOf(options)
  const most = options.at === 'message' ? options.maxFields : Number.POSITIVE_INFINITY
  return bytes => {
    if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
    if (bytes.length >= LONG_BINARY) return { steps: longMsgpack(bytes, form, options) }
    try {
      const isRecord = msgpackContainerAt(bytes, 0)?.isMap === true
      const value = read(bytes, 1, options, isRecord ? most : Number.POSITIVE_INFINITY)
      return value === undefined ? tooWide(most) : one(value)
    } catch (error) {
      return invalid(reasonOf(error))
    }
  }
}

const formOf = (rules: PlainRules): BinaryForm => ({
  endOf: (bytes, at, limit) => endOfMsgpack(bytes, at, limit),
  containerAt: msgpackContainerAt,
  listHead: 0xdd,
  mapHead: 0xdf,
  nil: 0xc0,
  isWide: (bytes, at, most) =>
    endOfMsgpack(bytes, at, bytes.length, { members: 0, left: most * ELEMENTS_A_FIELD }) ===
    undefined,
  read: (bytes, depth) => read(bytes, depth, rules, Number.POSITIVE_INFINITY)
})

/** Undefined where it holds more fields than so. */
function read(bytes: Buffer, depth: number, rules: PlainRules, most: number): unknown {
  const count = { members: 0, left: most * ELEMENTS_A_FIELD }
  // The library makes room for as many elements as a list says it has, before it has seen one.
  const end = endOfMsgpack(bytes, 0, bytes.length, count)
  if (end === undefined) return undefined
  if (end < bytes.length) throw new Error('something stands behind the value')
  const value = DECODER.decode(bytes)
  // It keeps the last of those that have the same key.
  if (membersOf(value) < count.members) throw new Error(KEY_TWICE)
  return plain(value, rules, depth)
}

/** Members of the maps in a value; what else the library makes has a prototype of its own. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return 0
  const held = Array.isArray(value) ? (value as unknown[]) : Object.values(value)
  let members = Array.isArray(value) ? 0 : held.length
  for (const each of held) if (typeof each === 'object') members += membersOf(each)
  return members
}

function* longMsgpack(
  bytes: Buffer,
  form: BinaryForm,
  options: DecoderOptions
): Steps<ReadContent | ParseFailure> {
  try {
    const value = yield* longBinary(bytes, form, options)
    return value instanceof ParseFailure && value.path === undefined ? value : one(value)
  } catch (error) {
    return invalid(reasonOf(error))
  }
}

const KEY_TWICE = 'a key stands twice in a map'

const invalid = (why: string) =>
  new ParseFailure(
    why === KEY_TWICE ? 'KEY_REPEATED' : 'FORMAT_INVALID',
    `The payload is not MessagePack that can be read: ${why}.`
  )
