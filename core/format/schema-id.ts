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

/** The same, as far as they are read; others are waited for. */
export interface AskedSchemas extends KnownSchemas {
  /** Resolves when the registry has answered; undefined where nothing is waited for. */
  needed(id: number, whenUnknown: 'reject' | 'wait'): Promise<void> | undefined
}

/** What a schema is kept for: it is not forgotten while these payloads may still be read. */
const held = new WeakMap<object, unknown[]>()

/** Ids that one batch asks for at a time: each of its records may name another. */
const MAX_ASKED = 8

/**
 * Resolves when all schemas of these payloads are read, each asked about once.
 * @param holder lives as long as the payloads may be read, and so do their schemas
 */
export function neededFor(
  payloads: Iterable<Buffer | null | undefined>,
  schemas: AskedSchemas,
  whenUnknown: 'reject' | 'wait',
  holder: object
): Promise<unknown> | undefined {
  const left = idsOf(payloads).values()
  const hold = (id: number) => {
    const kept = held.get(holder) ?? []
    kept.push(schemas.known(id))
    held.set(holder, kept)
  }
  /** Goes on to the first that must be waited for, and behind it to the next. */
  const ask = (): Promise<void> | undefined => {
    for (let next = left.next(); !next.done; next = left.next()) {
      const id = next.value
      const needed = schemas.needed(id, whenUnknown)
      if (needed !== undefined) return needed.then(() => hold(id)).then(ask)
      hold(id)
    }
    return undefined
  }
  const asked: Promise<void>[] = []
  for (let waits = ask(); waits !== undefined; waits = ask()) {
    asked.push(waits)
    if (asked.length === MAX_ASKED) break
  }
  return asked.length === 0 ? undefined : Promise.all(asked)
}

function idsOf(payloads: Iterable<Buffer | null | undefined>): Set<number> {
  const ids = new Set<number>()
  for (const bytes of payloads) {
    const id = bytes ? schemaIdOf(bytes) : undefined
    if (id !== undefined) ids.add(id)
  }
  return ids
}

/** A zero, and four bytes of the id. */
export const HEADER_BYTES = 5

/** The id of the schema before a value; undefined where none stands there. */
export const schemaIdOf = (bytes: Buffer): number | undefined =>
  bytes.length < HEADER_BYTES || bytes[0] !== 0 ? undefined : bytes.readUInt32BE(1)
