import { createHash } from 'node:crypto'
import type { Memory } from './types.ts'

/** What is remembered of a key, with the settings that it was made by. */
interface Versioned {
  readonly v: string
  s: unknown
}

/**
 * What was remembered by other settings means something else, and is forgotten: each key begins
 * anew with its next record.
 */
export function versioned(memory: Memory<unknown>, version: string): Memory<Versioned> {
  const keep = (kept: Versioned | undefined, s: unknown): Versioned | undefined => {
    if (s === undefined) return undefined
    if (kept?.v !== version) return { v: version, s }
    kept.s = s
    return kept
  }
  const own = (kept: Versioned | undefined) => (kept?.v === version ? kept.s : undefined)
  return {
    keyOf: record => memory.keyOf(record),
    timeOf: record => memory.timeOf(record),
    take: (kept, record, timeMs, turn) => keep(kept, memory.take(own(kept), record, timeMs, turn)),
    late: (record, timeMs, turn) => memory.late?.(record, timeMs, turn),
    dueMs: kept => (kept.v === version ? memory.dueMs?.(kept.s) : undefined),
    due: (kept, timeMs, turn) =>
      kept.v === version ? keep(kept, memory.due?.(kept.s, timeMs, turn)) : undefined
  }
}

/** What a state is made by, in short: it stands in the state of each key. */
export const versionOf = (settings: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(settings)).digest('base64').slice(0, 8)
