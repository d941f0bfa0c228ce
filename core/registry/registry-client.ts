import { MillraceError, reasonOf } from '../errors.ts'
import { EndlessAnswer, HttpClient, type HttpServer, type ServerAnswer } from '../http-client.ts'
import {
  isSchemaKind,
  type ReferencedSchema,
  type RegisteredSchema,
  type SchemaKind,
  type UnusableSchema
} from './schemas.ts'

/** A schema registry with the API of Confluent. */
export type RegistrySettings = HttpServer

/** The registry has answered that it has no such schema, subject or version. */
export const MISSING = Symbol('missing')

/** Under a name, a version of a subject. */
export interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema as it is sent. */
export interface WrittenSchema {
  readonly schema: string
  readonly schemaType: SchemaKind
  readonly references: readonly Reference[]
}

interface Stored {
  readonly id?: unknown
  readonly version?: unknown
  readonly schema?: unknown
  readonly schemaType?: unknown
  readonly references?: readonly Reference[] | null
}

/** A version of a subject; what it needs is read when it is used. */
export interface FoundVersion {
  readonly id: number
  readonly version: number | undefined
  /** @throws MillraceError as the client does */
  schema(): Promise<RegisteredSchema | UnusableSchema>
}

/** What the registry says of a schema that is not registered yet. */
export interface Compatibility {
  readonly isCompatible: boolean
  /** Why it is not, in the registry's words. */
  readonly messages: readonly string[]
}

/** Ids are integers of 32 bits. */
const MAX_ID = 0x7fff_ffff
/** A schema and all that it needs. */
const MAX_TEXT = 512_000
/** Of one schema; more, or deeper, is a mistake or an attack. */
const MAX_REFERENCES = 200
const MAX_DEPTH = 32

/** Asks a schema registry, by the API of Confluent that the others have as well. */
export class RegistryClient {
  readonly #client: HttpClient

  constructor(private readonly settings: RegistrySettings) {
    this.#client = new HttpClient(settings)
  }

  /**
   * The schema of this id, with all that it needs. What the registry says for certain of this id
   * alone is an answer, not an error.
   * @throws MillraceError REGISTRY_UNREACHABLE where the registry is away or a stranger answers, or
   * REGISTRY_REFUSED where it does not let us in
   */
  async schemaOf(
    id: number,
    signal?: AbortSignal
  ): Promise<RegisteredSchema | UnusableSchema | typeof MISSING> {
    if (id > MAX_ID) return MISSING
    return orUnusable(async () => {
      const stored = await this.#get(`/schemas/ids/${id}`, signal)
      return stored === MISSING ? MISSING : await this.#whole(stored as Stored, signal)
    })
  }

  /** A version of a subject, or its newest. @throws MillraceError as `schemaOf` */
  async versionOf(
    subject: string,
    version: number | 'latest',
    signal?: AbortSignal
  ): Promise<FoundVersion | UnusableSchema | typeof MISSING> {
    return orUnusable(async () => {
      const stored = await this.#get(versionPath(subject, version), signal)
      return stored === MISSING ? MISSING : this.#found(stored as Stored, signal)
    })
  }

  /**
   * The id of a schema in a subject, which gets it where `register` is said.
   * @throws MillraceError as `schemaOf`, or SCHEMA_REFUSED where the registry does not take it
   */
  async idOf(
    subject: string,
    schema: WrittenSchema,
    register: boolean,
    signal?: AbortSignal
  ): Promise<FoundVersion | UnusableSchema | typeof MISSING> {
    const path = `/subjects/${encodeURIComponent(subject)}${register ? '/versions' : ''}`
    return orUnusable(async () => {
      const stored = await this.#get(path, signal, schema)
      if (stored === MISSING) return MISSING
      const found = this.#found({ ...schema, ...(stored as Stored) }, signal)
      // What was registered counts, and not the form that the registry keeps it in.
      return { ...found, schema: () => this.#whole(schema, signal) }
    })
  }

  /** @throws MillraceError as `schemaOf` */
  async compatibility(
    subject: string,
    schema: WrittenSchema,
    signal?: AbortSignal
  ): Promise<Compatibility | UnusableSchema | typeof MISSING> {
    const path = `/compatibility${versionPath(subject, 'latest')}?verbose=true`
    return orUnusable(async () => {
      const answer = await this.#get(path, signal, schema)
      if (answer === MISSING) return MISSING
      const { is_compatible, messages } = answer as { is_compatible?: unknown; messages?: unknown }
      const said = Array.isArray(messages) ? messages.filter(each => typeof each === 'string') : []
      return { isCompatible: is_compatible === true, messages: said }
    })
  }

  /** The rule that versions have to keep, such as BACKWARD; undefined if none is told. */
  async levelOf(subject: string, signal?: AbortSignal): Promise<string | undefined> {
    for (const path of [`/config/${encodeURIComponent(subject)}`, '/config']) {
      const found = await orUnusable(() => this.#get(path, signal))
      const level = (found as { compatibilityLevel?: unknown }).compatibilityLevel
      if (typeof level === 'string') return level
    }
    return undefined
  }

  #found(stored: Stored, signal: AbortSignal | undefined): FoundVersion {
    const { id, version } = stored
    if (!isNumber(id)) throw this.#stranger('a schema without an id')
    return {
      id,
      version: isNumber(version) ? version : undefined,
      schema: () => orUnusable(() => this.#whole(stored, signal))
    }
  }

  /** The names of the subjects. */
  async subjects(signal?: AbortSignal): Promise<string[]> {
    const found = await this.#get('/subjects', signal)
    return Array.isArray(found) ? found.filter(name => typeof name === 'string') : []
  }

  close(): void {
    this.#client.close()
  }

  async #whole(stored: Stored, signal: AbortSignal | undefined): Promise<RegisteredSchema> {
    const references = new Map<string, ReferencedSchema>()
    await this.#collect(stored, references, 1, signal)
    const { schema: text, schemaType } = stored
    const kind = schemaType ?? 'AVRO'
    if (typeof text !== 'string' || !isSchemaKind(kind))
      throw new Unusable(`it is of the kind ${JSON.stringify(kind)}, which is not read`)
    const all = [...references.values()]
    if (all.reduce((sum, each) => sum + each.text.length, text.length) > MAX_TEXT)
      throw new Unusable('it is too long')
    return { kind, text, references: all }
  }

  /** Those that others need first; one that stands in a circle ends at the depth. */
  async #collect(
    { references }: Stored,
    found: Map<string, ReferencedSchema>,
    depth: number,
    signal: AbortSignal | undefined
  ): Promise<void> {
    for (const { name, subject, version } of references ?? []) {
      if (found.has(name)) continue
      if (depth > MAX_DEPTH || found.size >= MAX_REFERENCES)
        throw new Unusable('it refers to itself, or to too many others')
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`
      const stored = (await this.#get(path, signal)) as Stored | typeof MISSING
      if (stored === MISSING || typeof stored.schema !== 'string')
        throw new Unusable(`it refers to version ${version} of "${subject}", which is not there`)
      await this.#collect(stored, found, depth + 1, signal)
      found.set(name, { name, text: stored.schema })
    }
  }

  /** @param sent what is sent along, with POST */
  async #get(path: string, signal: AbortSignal | undefined, sent?: object): Promise<unknown> {
    let answer: ServerAnswer
    const accept = 'application/vnd.schemaregistry.v1+json, application/json'
    const type = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    try {
      answer = await this.#client.ask(path, {
        headers: { accept, ...(sent && type) },
        ...(sent && { method: 'POST', body: Buffer.from(JSON.stringify(sent)) }),
        ...(signal && { signal })
      })
    } catch (error) {
      if (error instanceof EndlessAnswer) throw new Unusable('it is too long')
      const why = `The schema registry at ${this.settings.url} cannot be reached`
      throw new MillraceError('REGISTRY_UNREACHABLE', `${why}: ${reasonOf(error)}.`, {
        cause: error
      })
    }
    return this.#contentOf(answer)
  }

  #contentOf({ status, body }: ServerAnswer): unknown {
    const content = contentIn(body)
    const code = codeIn(content)
    if (status === 404 && code !== undefined && NOT_THERE.has(code)) return MISSING
    if (status === 401 || status === 403)
      throw new MillraceError(
        'REGISTRY_REFUSED',
        `The schema registry at ${this.settings.url} refuses the login (status ${status}).`
      )
    if (status === 409 && code !== undefined)
      throw new MillraceError('SCHEMA_REFUSED', refusalOf(content))
    // What it says with a code of its own it will say again.
    if (code !== undefined && (status === 400 || status === 422))
      throw new Unusable(`the registry says ${status} (${code}${wordsIn(content)})`)
    if (status !== 200) throw this.#stranger(`status ${status}`)
    if (typeof content !== 'object' || content === null) throw this.#stranger('something else')
    return content
  }

  /** Nothing that a registry says: a proxy, a page for people, or another address. */
  #stranger(what: string): MillraceError {
    return new MillraceError(
      'REGISTRY_UNREACHABLE',
      `The schema registry at ${this.settings.url} answers with ${what}.`
    )
  }
}

function contentIn(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Something is wrong with this schema alone. */
class Unusable extends Error {}

async function orUnusable<T>(work: () => Promise<T>): Promise<T | UnusableSchema> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unusable) return { kind: 'UNUSABLE', why: error.message }
    throw error
  }
}

const versionPath = (subject: string, version: number | 'latest') =>
  `/subjects/${encodeURIComponent(subject)}/versions/${version}`

const isNumber = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_ID

const MAX_WORDS = 300

/** What it says in its own words, cut. */
function wordsIn(content: unknown): string {
  const { message } = content as { message?: unknown }
  return typeof message === 'string' ? `: ${message.slice(0, MAX_WORDS)}` : ''
}

const refusalOf = (content: unknown) =>
  `The schema registry does not take the schema, as it is not compatible with those before it${wordsIn(content ?? {})}`

/** Subject, version, schema, rule: of a path that a registry does not have it says 404. */
const NOT_THERE: ReadonlySet<number> = new Set([40_401, 40_402, 40_403, 40_408])

/** Its own errors have a code; a page for people has none. */
function codeIn(content: unknown): number | undefined {
  const code = (content as { error_code?: unknown } | null | undefined)?.error_code
  return typeof code === 'number' ? code : undefined
}
