import type { ReferencedText } from './decoder.ts'

/** A schema of a registry, with all that it needs. */
export interface SchemaText {
  readonly kind: 'AVRO' | 'PROTOBUF' | 'JSON'
  readonly text: string
  readonly references: readonly ReferencedText[]
}

/** The schemas of a registry that were read. */
export interface KnownSchemas {
  known(id: number): SchemaText | { readonly kind: 'UNUSABLE'; readonly why: string } | undefined
}

/** A zero, and four bytes of the id. */
export const HEADER_BYTES = 5

/** The id of the schema before a value; undefined where none stands there. */
export const schemaIdOf = (bytes: Buffer): number | undefined =>
  bytes.length < HEADER_BYTES || bytes[0] !== 0 ? undefined : bytes.readUInt32BE(1)
