import type { HostAndPort } from '../address.ts'
import { needsPerson, sqlstateOf } from './sqlstate.ts'

/**
 * Which of several hosts is taken, by the names of libpq: the first that answers, one that can be
 * written, or one that is no standby.
 */
export type SessionTarget = 'any' | 'read-write' | 'primary'

/** Where a connection failed, so that the sentence about it names that host and user. */
export interface FailedPlace extends HostAndPort {
  readonly user?: string
  /** Where user and password were read. */
  readonly from?: string
}

const places = new WeakMap<object, FailedPlace>()

export function failedAt(error: unknown, place: FailedPlace): void {
  if (typeof error === 'object' && error !== null && !places.has(error)) places.set(error, place)
}

/** Where this error was met; undefined where it is of no new connection. */
export function placeOf(error: unknown): FailedPlace | undefined {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as Error).cause) {
    const found = places.get(at)
    if (found) return found
  }
  return undefined
}

/** The hosts of a database, and which of them is tried first. */
export class Hosts {
  #preferred = 0

  constructor(
    private readonly all: readonly HostAndPort[],
    readonly target: SessionTarget
  ) {}

  get count(): number {
    return this.all.length
  }
  get current(): HostAndPort {
    return this.all[this.#preferred]!
  }

  /** This one cannot be used at the moment: the next one is tried first from now on. */
  leave(host: HostAndPort): void {
    if (this.current === host) this.#preferred = (this.#preferred + 1) % this.all.length
  }

  /** What a host is asked that must be more than there; undefined where any will do. */
  get question(): string | undefined {
    if (this.count === 1 || this.target === 'any') return undefined
    return this.target === 'primary'
      ? 'SELECT pg_catalog.pg_is_in_recovery() AS refused'
      : "SELECT pg_catalog.current_setting('transaction_read_only')::boolean AS refused"
  }
}

/** read_only_sql_transaction */
const READ_ONLY = '25006'
export const isReadOnly = (error: unknown): boolean => sqlstateOf(error) === READ_ONLY

/** The host answers, but is not one that is wanted. */
export class UnwantedHostError extends Error {
  readonly code = READ_ONLY
  constructor({ host, port }: HostAndPort) {
    super(`${host}:${port} takes no writes at the moment`)
  }
}

/**
 * None of the hosts can be used. It means what the failure means that a person must mend, else what
 * a server that answered says.
 */
export class NoHostError extends Error {
  readonly code: unknown

  constructor(readonly failures: readonly unknown[]) {
    const main =
      failures.find(needsPerson) ??
      failures.find(failure => sqlstateOf(failure) !== undefined) ??
      failures.at(-1)
    super((main as Error).message, { cause: main })
    this.code = (main as { code?: unknown }).code
  }
}
