import { backoffMs, pause } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { MISSING, RegistryClient, type RegistrySettings } from './registry-client.ts'
import type { RegisteredSchema } from './schemas.ts'

/** What an unknown id means: it may be registered in a moment, or the record is wrong. */
export type WhenUnknown = 'reject' | 'wait'

/** Schemas that are kept; a cluster has some hundred. */
const MAX_SCHEMAS = 5_000
/** An id that no schema has is asked for again after this time. */
const MISSING_MS = 30_000
const MAX_MISSING = 10_000
const BACKOFF = { initialMs: 250, maxMs: 5_000 }

/**
 * The schemas of one registry, each asked for once. An id is for ever: what was read stays as it
 * is.
 */
export class SchemaRegistry {
  readonly #client: RegistryClient
  readonly #schemas = new Map<number, RegisteredSchema>()
  /** Until when an id counts as one that no schema has. */
  readonly #missing = new Map<number, number>()
  readonly #asked = new Map<number, Promise<void>>()
  readonly #closing = new AbortController()
  readonly #problems = new Map<number, MillraceError>()

  constructor(settings: RegistrySettings) {
    this.#client = new RegistryClient(settings)
  }

  /** Why schemas that somebody waits for are not there; undefined while none is waited for. */
  get problem(): MillraceError | undefined {
    return this.#problems.values().next().value
  }

  /** The schema, if it was read. */
  known(id: number): RegisteredSchema | undefined {
    return this.#schemas.get(id)
  }

  /**
   * Resolves when the schema is known, or none is and that is an answer; waits while the registry
   * is away. Undefined where there is nothing to wait for. Never rejects.
   */
  needed(id: number, whenUnknown: WhenUnknown): Promise<void> | undefined {
    if (this.#schemas.has(id)) return undefined
    if (whenUnknown === 'reject' && this.#isMissing(id)) return undefined
    return this.#askedFor(id, whenUnknown)
  }

  /** Whoever still waits waits on: the records are with their source, which sends them again. */
  close(): void {
    this.#closing.abort()
    this.#client.close()
  }

  #isMissing(id: number): boolean {
    const untilMs = this.#missing.get(id)
    if (untilMs === undefined) return false
    if (untilMs > performance.now()) return true
    this.#missing.delete(id)
    return false
  }

  async #askedFor(id: number, whenUnknown: WhenUnknown): Promise<void> {
    for (;;) {
      const running = this.#asked.get(id) ?? this.#ask(id)
      this.#asked.set(id, running)
      await running
      if (this.#schemas.has(id) || whenUnknown === 'reject') return
      this.#problems.set(id, noSchema(id))
      await this.#pause(BACKOFF.maxMs / 2)
      this.#problems.delete(id)
    }
  }

  /** Ends once the registry has answered, whatever that is. */
  async #ask(id: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        this.#keep(id, await this.#client.schemaOf(id, this.#closing.signal))
        this.#problems.delete(id)
        this.#asked.delete(id)
        return
      } catch (error) {
        this.#problems.set(id, problemOf(error))
        await this.#pause(backoffMs(attempt, BACKOFF))
      }
    }
  }

  #keep(id: number, found: RegisteredSchema | typeof MISSING): void {
    if (found === MISSING) {
      shorten(this.#missing, MAX_MISSING)
      this.#missing.set(id, performance.now() + MISSING_MS)
      return
    }
    this.#missing.delete(id)
    shorten(this.#schemas, MAX_SCHEMAS)
    this.#schemas.set(id, found)
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    await pause(ms, { signal, unref: true })
    if (signal.aborted) await NEVER
  }
}

const NEVER = new Promise<never>(() => {})

/** Makes room for one more: the oldest goes. */
function shorten(entries: Map<number, unknown>, most: number): void {
  if (entries.size < most) return
  const [oldest] = entries.keys()
  entries.delete(oldest!)
}

const noSchema = (id: number) =>
  new MillraceError('SCHEMA_ID_UNKNOWN', `The schema registry has no schema with the id ${id}.`)

const problemOf = (error: unknown): MillraceError =>
  error instanceof MillraceError
    ? error
    : new MillraceError('REGISTRY_UNREACHABLE', reasonOf(error), { cause: error })
