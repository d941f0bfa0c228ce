import { setMaxListeners } from 'node:events'
import { backoffMs, pause } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { type CompatibilityVerdict, compatibilityOf } from './compatibility.ts'
import {
  MISSING,
  RegistryClient,
  type RegistrySettings,
  type WrittenSchema
} from './registry-client.ts'
import type { RegisteredSchema, UnusableSchema } from './schemas.ts'
import { type SubjectChoice, type SubjectEvents, SubjectSchema } from './subject-schema.ts'

/** What an unknown id means: it may be registered in a moment, or the record is wrong. */
export type WhenUnknown = 'reject' | 'wait'
type Answer = RegisteredSchema | UnusableSchema

/** Schemas that are kept; a cluster has some hundred. */
const MAX_SCHEMAS = 5_000
/** Characters of all of them together. */
const MAX_CHARACTERS = 64_000_000
/** What is no schema, or cannot be used, is asked for again after this time: it may have come. */
const REFUSED_MS = 2_000
const MAX_REFUSED = 10_000
/** Questions at a time, however many ids a topic has. */
const MAX_QUESTIONS = 8
const BACKOFF = { initialMs: 250, maxMs: 5_000 }
const WAIT_MS = 2_500

/**
 * The schemas of one registry, each asked for once. An id is for ever: what was read stays as it
 * is.
 */
export class SchemaRegistry {
  readonly #client: RegistryClient
  readonly #schemas = new Map<number, RegisteredSchema>()
  #characters = 0
  /** Those that made room for others, as long as records that wait to be read hold them. */
  readonly #held = new Map<number, WeakRef<RegisteredSchema>>()
  readonly #gone = new FinalizationRegistry<number>(id => {
    if (this.#held.get(id)?.deref() === undefined) this.#held.delete(id)
  })
  /** Ids without a schema that can be used: why, and until when that counts. */
  readonly #refused = new Map<
    number,
    { readonly answer?: UnusableSchema; readonly untilMs: number }
  >()
  readonly #asked = new Map<number, Promise<void>>()
  readonly #awaited = new Map<number, Promise<void>>()
  readonly #problems = new Map<number, MillraceError>()
  readonly #closing = new AbortController()
  /** Those that wait until there are fewer questions. */
  readonly #line: (() => void)[] = []
  #questions = 0

  constructor(
    settings: RegistrySettings,
    private readonly mostSchemas = MAX_SCHEMAS
  ) {
    this.#client = new RegistryClient(settings)
    setMaxListeners(0, this.#closing.signal)
  }

  /** Why schemas that somebody waits for are not there; undefined while none is waited for. */
  get problem(): MillraceError | undefined {
    return this.#problems.values().next().value
  }

  /** The schema, or why it cannot be used, if the registry has answered. */
  known(id: number): Answer | undefined {
    return this.#schemaOf(id) ?? this.#refused.get(id)?.answer
  }

  /**
   * Resolves when the schema is known, or none is and that is an answer; waits while the registry
   * is away. Undefined where there is nothing to wait for. Never rejects.
   */
  needed(id: number, whenUnknown: WhenUnknown): Promise<void> | undefined {
    if (this.#schemaOf(id) !== undefined) return undefined
    if (whenUnknown === 'wait') return once(this.#awaited, id, () => this.#await(id))
    const untilMs = this.#refused.get(id)?.untilMs ?? 0
    return untilMs > performance.now() ? undefined : this.#ask(id)
  }

  /** The schema of a subject, followed; to be closed by who asks for it. */
  subject(choice: SubjectChoice, events: SubjectEvents): SubjectSchema {
    return new SubjectSchema(this.#client, choice, events)
  }

  /** Whether a schema may become the next version of a subject. @throws MillraceError */
  compatibility(subject: string, schema: WrittenSchema): Promise<CompatibilityVerdict> {
    return compatibilityOf(this.#client, subject, schema, this.#closing.signal)
  }

  /** Whoever still waits waits on: the records are with their source, which sends them again. */
  close(): void {
    this.#closing.abort()
    this.#client.close()
  }

  /** One question at a time for each id, whoever waits for it. */
  #ask = (id: number): Promise<void> => once(this.#asked, id, () => this.#answered(id))

  async #await(id: number): Promise<void> {
    for (;;) {
      await this.#ask(id)
      if (this.known(id) !== undefined) break
      this.#problems.set(id, noSchema(id))
      await this.#pause(WAIT_MS)
    }
    this.#problems.delete(id)
  }

  /** Ends once the registry has answered, whatever that is. */
  async #answered(id: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await this.#turn()
      try {
        this.#keep(id, await this.#client.schemaOf(id, this.#closing.signal))
        this.#problems.delete(id)
        return
      } catch (error) {
        this.#problems.set(id, problemOf(error))
      } finally {
        this.#questions--
        this.#line.shift()?.()
      }
      await this.#pause(backoffMs(attempt, BACKOFF))
    }
  }

  #schemaOf(id: number): RegisteredSchema | undefined {
    return this.#schemas.get(id) ?? this.#held.get(id)?.deref()
  }

  async #turn(): Promise<void> {
    while (this.#questions >= MAX_QUESTIONS)
      await new Promise<void>(resolve => this.#line.push(resolve))
    this.#questions++
  }

  #keep(id: number, found: Answer | typeof MISSING): void {
    if (found !== MISSING && found.kind !== 'UNUSABLE') {
      this.#refused.delete(id)
      this.#characters += charactersOf(found)
      this.#schemas.set(id, found)
      while (this.#schemas.size > this.mostSchemas || this.#characters > MAX_CHARACTERS)
        this.#makeRoom()
      return
    }
    this.#refused.delete(id)
    shorten(this.#refused, MAX_REFUSED)
    const untilMs = performance.now() + REFUSED_MS
    this.#refused.set(id, found === MISSING ? { untilMs } : { answer: found, untilMs })
  }

  #makeRoom(): void {
    const [[id, schema]] = this.#schemas as unknown as [[number, RegisteredSchema]]
    this.#schemas.delete(id)
    this.#characters -= charactersOf(schema)
    this.#held.set(id, new WeakRef(schema))
    this.#gone.register(schema, id)
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    await pause(ms, { signal, unref: true })
    if (signal.aborted) await NEVER
  }
}

const charactersOf = ({ text, references }: RegisteredSchema): number =>
  references.reduce((sum, each) => sum + each.text.length, text.length)

const NEVER = new Promise<never>(() => {})

/** The same promise for all who ask while it is under way. */
function once(
  running: Map<number, Promise<void>>,
  id: number,
  work: () => Promise<void>
): Promise<void> {
  const known = running.get(id)
  if (known !== undefined) return known
  const begun = work().finally(() => running.delete(id))
  running.set(id, begun)
  return begun
}

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
