/** What the API of Confluent's schema registry calls the kinds of schemas. */
export type SchemaKind = 'AVRO' | 'PROTOBUF' | 'JSON'

export const isSchemaKind = (kind: unknown): kind is SchemaKind =>
  kind === 'AVRO' || kind === 'PROTOBUF' || kind === 'JSON'

/** A schema that another one needs, under the name by which it does: an import, or a named type. */
export interface ReferencedSchema {
  readonly name: string
  readonly text: string
}

/** A schema that is there, and cannot be used. */
export interface UnusableSchema {
  readonly kind: 'UNUSABLE'
  /** Why, as a part of a sentence. */
  readonly why: string
}

/** A schema as a registry has it, with all that it needs. */
export interface RegisteredSchema {
  readonly kind: SchemaKind
  readonly text: string
  /** What others need stands before them. */
  readonly references: readonly ReferencedSchema[]
}
