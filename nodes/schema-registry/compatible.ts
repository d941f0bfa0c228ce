import { MillraceError, reasonOf } from '../../core/errors.ts'
import { compatibilityOf } from '../../core/registry/compatibility.ts'
import { recordWriter } from '../../core/registry/record-writer.ts'
import type { RegistryClient } from '../../core/registry/registry-client.ts'
import { isSchemaKind, type SchemaKind } from '../../core/registry/schemas.ts'
import { subjectOf } from '../../core/registry/subject-name.ts'

/**
 * What the registry says of the schema that stands in the dialog of another node.
 * @param query the texts of that dialog
 * @throws MillraceError with what is missing there, or why the registry gives no answer
 */
export async function aboutPasted(
  client: RegistryClient,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<string> {
  const { schema = '', schemaKind, subjectBy = 'topic', topic = '', recordType = '' } = query
  if (!isSchemaKind(schemaKind) || schema.trim() === '')
    throw new MillraceError(
      'OPTIONS_INVALID',
      'There is no schema to ask about, or it is longer than a dialog can ask about.'
    )
  const subject = subjectOf({ subjectBy, topic, recordType })
  if (subject.includes('${'))
    throw new MillraceError(
      'OPTIONS_INVALID',
      `The subject "${subject}" is known when it is deployed; the log says it then.`
    )
  checked(schemaKind, schema, query.messageType ?? '')
  const written = { schema, schemaType: schemaKind, references: [] }
  const { isCompatible, sentence } = await compatibilityOf(client, subject, written, signal)
  if (isCompatible) return sentence
  throw new MillraceError('SCHEMA_REFUSED', sentence)
}

/** A registry may take what nobody can write by. @throws MillraceError */
function checked(kind: SchemaKind, text: string, messageType: string): void {
  try {
    recordWriter(0, { kind, text, references: [] }, { messageType, extra: 'reject' })
  } catch (error) {
    throw new MillraceError('SCHEMA_UNUSABLE', `It cannot be used: ${reasonOf(error)}`)
  }
}
