import { decode, decodeTimestampToTimeSpec, EXT_TIMESTAMP, ExtensionCodec } from '@msgpack/msgpack'
import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { type Decode, type DecoderOptions, one } from './decoder.ts'
import { instantText } from './instant-text.ts'
import { extentProblem } from './msgpack-extent.ts'
import { plain } from './plain.ts'

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

/** MessagePack: one value a payload. */
export function msgpack(options: DecoderOptions): Decode {
  return bytes => {
    if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
    // The library makes room for as many elements as a list says it has, before it has seen one.
    const problem = extentProblem(bytes)
    if (problem !== undefined) return invalid(problem)
    try {
      return one(plain(decode(bytes, OPTIONS), options))
    } catch (error) {
      return invalid(reasonOf(error))
    }
  }
}

const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is not MessagePack: ${why}.`)
