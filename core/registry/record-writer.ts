import { reasonOf } from '../errors.ts'
import { avroWriter, type WriteRecord } from '../format/avro-writer.ts'
import { protobufWriter } from '../format/protobuf-writer.ts'
import { HEADER_BYTES } from '../format/schema-id.ts'
import { type ExtraFields, SchemaMisfit } from '../format/schema-misfit.ts'
import { checkedBy } from '../json-schema/checked.ts'
import { explain, summary } from '../json-schema/explain.ts'
import { compileSchema } from '../json-schema/schema.ts'
import { jsonText } from '../record/json-write.ts'
import { unfitness } from '../record/parse-record.ts'
import type { Reason } from '../record/record.ts'
import type { RegisteredSchema } from './schemas.ts'

export interface RecordWriting {
  /** Of Protobuf: the type of the schema that records are; empty for its first. */
  readonly messageType: string
  /** What becomes of fields that a schema of Avro or Protobuf does not have. */
  readonly extra: ExtraFields
}

/** The bytes of a record behind the id of its schema, or why it does not fit. Throws nothing. */
export type WriteRegistered = (record: unknown) => Buffer | Reason

/**
 * Writes records by one schema of a registry, with the header of Confluent's serializers.
 * @throws Error that says why the schema cannot be used
 */
export function recordWriter(
  id: number,
  schema: RegisteredSchema,
  options: RecordWriting
): WriteRegistered {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt32BE(id, 1)
  const write = writeBy(schema, head, options)
  return record => {
    const wrong = unfitness(record)
    if (wrong !== undefined) return wrong
    try {
      return write(record)
    } catch (error) {
      if (error instanceof SchemaMisfit) return error.reason
      return {
        code: 'NOT_SERIALISABLE',
        message: `The record cannot be written: ${reasonOf(error)}.`
      }
    }
  }
}

type Write = (record: unknown) => Buffer | Reason

function writeBy(
  { kind, text, references }: RegisteredSchema,
  head: Buffer,
  { messageType, extra }: RecordWriting
): WriteRecord | Write {
  if (kind === 'AVRO') return avroWriter(text, references, head, extra)
  if (kind === 'PROTOBUF') return protobufWriter(text, references, head, { messageType, extra })
  return jsonWriter({ text, references }, head)
}

/** Draft 7 is what Confluent's serializers take a schema for that does not say it. */
const DRAFT = '07'

function jsonWriter(
  { text, references }: Pick<RegisteredSchema, 'text' | 'references'>,
  head: Buffer
): Write {
  const documents = Object.fromEntries(references.map(each => [each.name, JSON.parse(each.text)]))
  const check = compileSchema(JSON.parse(text), {
    draft: DRAFT,
    coerce: false,
    ...(references.length > 0 && { documents })
  })
  return record => {
    if (checkedBy(check, record, false) === undefined) return summary(explain(check.errors ?? []))
    const json = jsonText(record)!
    const bytes = Buffer.allocUnsafe(head.length + Buffer.byteLength(json))
    head.copy(bytes)
    bytes.write(json, head.length)
    return bytes
  }
}
