import { backoffMs, pause } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import {
  type FoundVersion,
  MISSING,
  type RegistryClient,
  type WrittenSchema
} from './registry-client.ts'
import type { RegisteredSchema, UnusableSchema } from './schemas.ts'

/** Which schema of a subject: its newest, a version, or one that is at hand, by its id there. */
export type Wanted =
  | 'newest'
  | { readonly version: number }
  | { readonly schema: WrittenSchema; readonly register: boolean }

export interface SubjectChoice {
  readonly subject: string
  readonly wanted: Wanted
  /** How often the newest is asked for. */
  readonly everyMs: number
}

export interface CurrentSchema {
  readonly id: number
  readonly version: number | undefined
  readonly schema: RegisteredSchema
}

export interface SubjectEvents {
  /** The schema is another from now on; for the first time `before` is undefined. */
  changed(now: CurrentSchema, before: CurrentSchema | undefined): void
  /** The registry is away, refuses, or is back: `problem` says it. */
  told(problem: MillraceError | undefined): void
  /** There is a newer version, and it cannot be used: the one before goes on. */
  unusable(why: string): void
}

/** What is not there is asked for again after this time: it may have come. */
const MISSING_MS = 2_000
const BACKOFF = { initialMs: 250, maxMs: 5_000 }

/**
 * The schema of a subject as it is now. Waits while the registry is away; once it has a schema it
 * goes on with that one until there is another.
 */
export class SubjectSchema {
  #current: CurrentSchema | undefined
  #missing: MillraceError | undefined
  #missingUntilMs = 0
  #problem: MillraceError | undefined
  #asking: Promise<void> | undefined
  #passedOver: number | undefined
  readonly #closing = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly client: RegistryClient,
    private readonly choice: SubjectChoice,
    private readonly events: SubjectEvents
  ) {
    void this.#ask()
    if (choice.wanted !== 'newest') return
    this.#timer = setInterval(() => void this.#ask(), choice.everyMs)
    this.#timer.unref()
  }

  /** The schema, or why there is none: an answer of the registry. */
  get current(): CurrentSchema | MillraceError | undefined {
    return this.#current ?? this.#missing
  }
  /** Why the registry gives no answer; undefined while it does. */
  get problem(): MillraceError | undefined {
    return this.#problem
  }

  /**
   * Resolves when there is a schema, or none and that is an answer. Undefined where there is
   * nothing to wait for. Never rejects.
   */
  needed(): Promise<void> | undefined {
    if (this.#current !== undefined) return undefined
    if (this.#missing !== undefined && performance.now() < this.#missingUntilMs) return undefined
    return this.#ask()
  }

  /** Whoever still waits waits on: the records are with their source, which sends them again. */
  close(): void {
    clearInterval(this.#timer)
    this.#closing.abort()
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#answered().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #answered(): Promise<void> {
    const { signal } = this.#closing
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#once(signal)
        this.#tell(undefined)
        return
      } catch (error) {
        if (!signal.aborted) this.#tell(problemOf(error))
      }
      await pause(backoffMs(attempt, BACKOFF), { signal, unref: true })
      if (signal.aborted) await NEVER
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    const found = await this.#find(signal)
    if (found === MISSING) return this.#none(this.#notThere())
    if ('kind' in found) return this.#refuse(found)
    if (found.id === this.#current?.id || found.id === this.#passedOver) return
    const schema = await found.schema()
    if (schema.kind === 'UNUSABLE') return this.#refuse(schema, found)
    const before = this.#current
    this.#current = { id: found.id, version: found.version, schema }
    this.#missing = undefined
    this.events.changed(this.#current, before)
  }

  #find(signal: AbortSignal): Promise<FoundVersion | UnusableSchema | typeof MISSING> {
    const { subject, wanted } = this.choice
    if (wanted === 'newest') return this.client.versionOf(subject, 'latest', signal)
    if ('version' in wanted) return this.client.versionOf(subject, wanted.version, signal)
    return this.client.idOf(subject, wanted.schema, wanted.register, signal)
  }

  #refuse({ why }: UnusableSchema, found?: FoundVersion): void {
    const version = found?.version === undefined ? '' : `version ${found.version} of `
    const sentence = `The schema ${version}"${this.choice.subject}" cannot be used: ${why}.`
    if (this.#current === undefined) this.#none(new MillraceError('SCHEMA_UNUSABLE', sentence))
    else this.events.unusable(sentence)
    this.#passedOver = this.#current && found?.id
  }

  /** A subject that is gone takes nothing from who has its schema. */
  #none(missing: MillraceError): void {
    if (this.#current !== undefined) return
    this.#missing = missing
    this.#missingUntilMs = performance.now() + MISSING_MS
  }

  #notThere(): MillraceError {
    const { subject, wanted } = this.choice
    const what =
      wanted === 'newest'
        ? `no subject "${subject}"`
        : 'version' in wanted
          ? `no version ${wanted.version} of "${subject}"`
          : `not this schema in "${subject}"`
    return new MillraceError('SUBJECT_UNKNOWN', `The schema registry has ${what}.`)
  }

  #tell(problem: MillraceError | undefined): void {
    const isNew = problem?.message !== this.#problem?.message
    this.#problem = problem
    if (isNew) this.events.told(problem)
  }
}

const NEVER = new Promise<never>(() => {})

const problemOf = (error: unknown): MillraceError =>
  error instanceof MillraceError
    ? error
    : new MillraceError('REGISTRY_UNREACHABLE', reasonOf(error), { cause: error })
