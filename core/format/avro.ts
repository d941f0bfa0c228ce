import type { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'
import { avroContainer } from './avro-container.ts'
import { Datum, invalid, Wrong } from './avro-datum.ts'
import { type AvroType, avroTypeOf } from './avro-schema.ts'
import {
  type Decode,
  type DecoderOptions,
  LONG_BYTES,
  one,
  type ReadContent,
  type Steps
} from './decoder.ts'
import { TakesLong, TooMany, TooWide, ValueCount } from './value-count.ts'

/**
 * What stands before a value: a zero and the number of the schema in a registry; or the mark of
 * Avro's single-object encoding and the fingerprint of the schema.
 */
const HEADERS = {
  none: { bytes: 0, begins: [], name: '' },
  registry: { bytes: 5, begins: [0], name: 'the five bytes of a schema registry' },
  single: { bytes: 10, begins: [0xc3, 0x01], name: 'the header of an Avro single object' }
} as const

/**
 * One Avro value a payload, by its schema, or the values of an Avro file. It walks the schema
 * beside the bytes; the libraries at hand make code from the schema's text.
 */
export function avro(options: DecoderOptions): Decode {
  if (options.framing === 'container') return avroContainer(options)
  const type = avroTypeOf(options.schema, options.references)
  const { bytes: start, begins, name } = HEADERS[options.framing]
  return bytes => {
    if (bytes.length < start || begins.some((byte, index) => bytes[index] !== byte))
      return invalid(`it does not begin with ${name}`)
    const datumIn = (isAtOnce: boolean) =>
      new Datum(bytes, start, options, new ValueCount(bytes, options, isAtOnce))
    const inSteps = () => stepsOf(datumIn(false), type, options)
    if (bytes.length >= LONG_BYTES) return { steps: inSteps() }
    try {
      const datum = datumIn(true)
      return onlyOne(datum, datum.read(type, 1))
    } catch (error) {
      return error instanceof TakesLong ? { steps: inSteps() } : failureOf(error, options)
    }
  }
}

function* stepsOf(
  datum: Datum,
  type: AvroType,
  options: DecoderOptions
): Steps<ReadContent | ParseFailure> {
  try {
    return onlyOne(datum, yield* datum.long(type, 1))
  } catch (error) {
    return failureOf(error, options)
  }
}

const onlyOne = (datum: Datum, value: unknown) =>
  datum.isAtEnd
    ? one(value)
    : invalid('something stands behind the value, so the schema is another')

function failureOf(error: unknown, { maxFields }: DecoderOptions): ParseFailure {
  if (error instanceof TooWide) return tooWide(maxFields)
  if (error instanceof Wrong || error instanceof TooMany) return invalid(error.message)
  throw error
}
