import { MISSING, type RegistryClient, type WrittenSchema } from './registry-client.ts'
import type { schemaChanges } from './schema-changes.ts'

/** Whether a schema may become the next version of a subject, and that in a sentence. */
export interface CompatibilityVerdict {
  readonly isCompatible: boolean
  readonly sentence: string
}

const LEVELS: Readonly<Record<string, string>> = {
  BACKWARD: 'Backward compatible',
  FORWARD: 'Forward compatible',
  FULL: 'Backward and forward compatible'
}

/** Asks the registry. @throws MillraceError as its client does */
export async function compatibilityOf(
  client: RegistryClient,
  subject: string,
  schema: WrittenSchema,
  signal?: AbortSignal
): Promise<CompatibilityVerdict> {
  const newest = await client.versionOf(subject, 'latest', signal)
  if (newest === MISSING)
    return yes(`The registry has no subject "${subject}" yet: this would be its first version.`)
  if ('kind' in newest)
    return no(`The newest version of "${subject}" cannot be read: ${newest.why}.`)
  const known = await client.idOf(subject, schema, false, signal)
  if (known !== MISSING && !('kind' in known) && known.version !== undefined)
    return yes(`It is registered: version ${known.version} of "${subject}".`)
  const found = await client.compatibility(subject, schema, signal)
  if (found === MISSING) return yes(`The registry has no subject "${subject}" yet.`)
  if ('kind' in found) return no(`The registry does not take it: ${found.why}.`)
  const level = await levelOf(client, subject, signal)
  const asked = `${levelText(level)} with version ${newest.version} of "${subject}"`
  if (found.isCompatible) return yes(`${asked}: yes.`)
  const words = found.messages.flatMap(wordsOf)
  const before = words.length > 0 ? undefined : await newest.schema()
  const changes =
    before === undefined || before.kind === 'UNUSABLE' || before.kind !== schema.schemaType
      ? words
      : await changesIn(before.kind, before.text, schema.schema, level)
  return no(`${asked}: no${changes.length > 0 ? `, ${changes.join('; ')}` : ''}.`)
}

/** Brings the readers of all kinds of schemas along. */
async function changesIn(...schemas: Parameters<typeof schemaChanges>): Promise<string[]> {
  return (await import('./schema-changes.ts')).schemaChanges(...schemas)
}

/**
 * Not every login may read settings, and not every registry has them: then the rule is unknown, and
 * the verdict stands.
 */
async function levelOf(
  client: RegistryClient,
  subject: string,
  signal: AbortSignal | undefined
): Promise<string> {
  try {
    return (await client.levelOf(subject, signal)) ?? ''
  } catch (error) {
    if (signal?.aborted) throw error
    return ''
  }
}

const yes = (sentence: string): CompatibilityVerdict => ({ isCompatible: true, sentence })
const no = (sentence: string): CompatibilityVerdict => ({ isCompatible: false, sentence })

function levelText(level: string): string {
  const all = level.endsWith('_TRANSITIVE') ? ', as all versions have to be,' : ''
  return (LEVELS[level.replace('_TRANSITIVE', '')] ?? 'Compatible') + all
}

/** What Confluent's registry calls differences, where it can be said shorter. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  READER_FIELD_MISSING_DEFAULT_VALUE: 'was added without a default',
  PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL: 'was removed',
  PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: 'was removed',
  PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL: 'was added, and records may have had it with another type',
  REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL: 'was added, and must be there',
  REQUIRED_ATTRIBUTE_ADDED: 'must be there now',
  FIELD_REMOVED: 'was removed',
  ONEOF_FIELD_REMOVED: 'was removed'
}
const MAX_WORDS = 200

/**
 * One of its messages: `{errorType:'…', description:'The field 'unit' at path '/fields/1' …',
 * additionalInfo:'…'}`; those that repeat a schema or a setting say nothing new.
 */
function wordsOf(message: string): string[] {
  const type = /errorType:\s*'(\w+)'/.exec(message)?.[1]
  if (type === undefined) return []
  const said = /description:\s*'(.*?)'(?:,\s*additionalInfo|\s*\})/s.exec(message)?.[1] ?? type
  const named = /additionalInfo:\s*'([\w.]+)'/.exec(message)?.[1]
  const name = named ?? /path '[^']*?([^'/]+)'/.exec(said)?.[1]
  const short = DIFFERENCES[type]
  return [
    short === undefined || name === undefined
      ? said.slice(0, MAX_WORDS)
      : `the field ${name} ${short}`
  ]
}
