import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { avro } from './avro.ts'
import type { Decode, DecoderOptions } from './decoder.ts'
import { json } from './json.ts'
import { protobufByPlace } from './protobuf.ts'
import { HEADER_BYTES, type KnownSchemas, type SchemaText, schemaIdOf } from './schema-id.ts'

/** Decoders that are kept: each schema in use has one. */
const MAX_DECODERS = 1_000

/**
 * Values with a zero and the id of their schema before them, as the serializers of Confluent write
 * them: each is read by its own schema. What is not known counts as an id that no schema has: the
 * registry was asked before.
 */
export function registered(schemas: KnownSchemas, options: DecoderOptions): Decode {
  const decoders = new Map<number, Decode>()
  const decoderOf = (id: number): Decode | undefined => {
    const kept = decoders.get(id)
    if (kept !== undefined) return kept
    const schema = schemas.known(id)
    if (schema === undefined) return undefined
    if (schema.kind === 'UNUSABLE') return refusing(id, schema.why)
    const made = decodeBy(schema, id, options)
    if (decoders.size >= MAX_DECODERS) decoders.delete(decoders.keys().next().value!)
    decoders.set(id, made)
    return made
  }
  return (bytes, arrival) => {
    const id = schemaIdOf(bytes)
    if (id === undefined) return NO_HEADER
    const decode = decoderOf(id)
    return decode === undefined
      ? new ParseFailure(
          'SCHEMA_ID_UNKNOWN',
          `The schema registry has no schema with the id ${id}.`
        )
      : decode(bytes.subarray(HEADER_BYTES), arrival)
  }
}

/** A schema that cannot be used rejects its own records alone. */
function decodeBy(
  { kind, text, references }: SchemaText,
  id: number,
  given: DecoderOptions
): Decode {
  const options = { ...given, framing: 'none', schema: text, references } as const
  try {
    const decode =
      kind === 'JSON' ? json(options) : kind === 'AVRO' ? avro(options) : protobufByPlace(options)
    return (bytes, arrival) => {
      try {
        return decode(bytes, arrival)
      } catch (error) {
        return unusable(id, reasonOf(error))
      }
    }
  } catch (error) {
    return refusing(id, reasonOf(error))
  }
}

const unusable = (id: number, why: string) =>
  new ParseFailure('FORMAT_INVALID', `The schema ${id} of the registry cannot be used: ${why}`)

function refusing(id: number, why: string): Decode {
  const failure = unusable(id, why)
  return () => failure
}

const NO_HEADER = new ParseFailure(
  'FORMAT_INVALID',
  'The payload does not begin with a zero and the id of a schema, as registered records do.'
)
