/** What must become of a message that a source sends into a small flow. */
import type { FlowEntry } from '../node-red.ts'
import { sink, source } from './flow-nodes.ts'

/**
 * - `stored`: acknowledged, after every sink it reaches has finished
 * - `filtered`: acknowledged, although no sink confirmed it
 * - `failed`: to be sent again at once, for the error
 * - `timeout`: to be sent again when the time is over
 * - `early`: acknowledged before the last sink has finished. Only where the documentation says so
 */
export type Fate = 'stored' | 'filtered' | 'failed' | 'timeout' | 'early'

export interface FlowCase {
  readonly name: string
  readonly nodes: readonly FlowEntry[]
  /** How many messages the source sends, and how long it waits between them. */
  readonly count: number
  readonly gapMs: number
  readonly payload: (index: number) => unknown
  readonly change?: (message: Record<string, unknown>, index: number) => void
  /** How many times a sink finishes something of each message. */
  readonly visits: number
  /** What may become of a message, by mode: all that it may be where it depends on timing. */
  readonly stored: Expected
  readonly finished: Expected
}

export type Expected = readonly Fate[] | ((index: number, visited: number) => readonly Fate[])

/** Marks the message of this index, so that it is found again in whatever a flow makes of it. */
export const mark = (index: number) => `@${index}@`
export const lines = (index: number) => [0, 1, 2].map(part => `${mark(index)}${part}`)

export type Outcome = Pick<FlowCase, 'stored' | 'finished' | 'visits'>
export const STORED: Outcome = { stored: ['stored'], finished: ['stored'], visits: 1 }
/** A node drops the message on purpose. */
export const DROPPED: Outcome = { stored: ['timeout'], finished: ['filtered'], visits: 0 }
export const FAILED: Outcome = { stored: ['failed'], finished: ['failed'], visits: 0 }
export const HELD: Outcome = { stored: ['timeout'], finished: ['timeout'], visits: 0 }
export const TWICE: Outcome = { ...STORED, visits: 2 }
export const THRICE: Outcome = { ...STORED, visits: 3 }
/** What reaches the sink is stored, the rest is dropped. */
export const SOME: Outcome = {
  stored: (_index, visited) => [visited > 0 ? 'stored' : 'timeout'],
  finished: (_index, visited) => [visited > 0 ? 'stored' : 'filtered'],
  visits: 0
}

/** A flow `source → n → sink` and more nodes where given. */
export function through(
  name: string,
  middle: FlowEntry | FlowEntry[],
  outcome: Partial<FlowCase> & Outcome = STORED
): FlowCase {
  const nodes = Array.isArray(middle) ? middle : [middle]
  const entry = nodes.find(each => each.type !== 'subflow' && each.z === 'tab')!.id
  return flow(name, [source(entry), ...nodes, sink()], outcome)
}

export function flow(
  name: string,
  nodes: FlowEntry[],
  outcome: Partial<FlowCase> & Outcome = STORED
): FlowCase {
  return { name, nodes, count: 1, gapMs: 0, payload: mark, ...outcome }
}
