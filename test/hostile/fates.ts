/** What must become of a message. */
import type fc from 'fast-check'
import { locationOf } from '../pipeline/readings.ts'
import type { Publication } from '../publish.ts'

/**
 * `stored`: one row, as it was sent. `letter`: one dead letter, with one of these codes where they
 * are named. `either`: one of the two, and not both. `anywhere`: the same, or filtered, since its
 * topic may be one of messages that are no readings.
 */
export type Fate =
  | { readonly to: 'stored'; readonly row: string }
  | { readonly to: 'letter'; readonly codes?: readonly string[] }
  | { readonly to: 'either' }
  | { readonly to: 'anywhere' }

export interface HostileMessage extends Publication {
  readonly kind: string
  readonly fate: Fate
  /** Milliseconds since 1970, and the value: each is of this message alone. */
  readonly ts: number
  readonly value: number
}

/** The reading that a message was before something was done to it. */
export interface Plain {
  readonly device_id: string
  readonly metric: string
  readonly value: number
  readonly ts: number
  /** Which message it is, whatever becomes of the rest. */
  readonly n: number
}

export type Draw = <T>(arbitrary: fc.Arbitrary<T>) => T
/** What is other than in a good message. */
export type Kind = (
  plain: Plain,
  draw: Draw
) => Partial<Pick<HostileMessage, 'topic' | 'payload' | 'properties' | 'fate'>>

export const rowKey = (
  time: string,
  device_id: string,
  location: string,
  metric: string,
  value: number
) => [time, device_id, location, metric, value].join('|')

export function rowOf({ device_id, metric, value, ts }: Plain): string {
  return rowKey(new Date(ts).toISOString(), device_id, locationOf(device_id), metric, value)
}

export const stored = (plain: Plain): Fate => ({ to: 'stored', row: rowOf(plain) })
export const letter = (...codes: string[]): Fate =>
  codes.length > 0 ? { to: 'letter', codes } : { to: 'letter' }
export const either: Fate = { to: 'either' }
export const anywhere: Fate = { to: 'anywhere' }

/** One of the list, another for each message of a kind. */
export function pick<T>(list: readonly T[], { n }: Plain): T {
  return list[Math.floor(n / 11) % list.length]!
}
