import { MillraceError, reasonOf } from '../errors.ts'
import { HttpClient, type HttpServer, type ServerAnswer } from '../http-client.ts'
import {
  isSchemaKind,
  type ReferencedSchema,
  type RegisteredSchema,
  type SchemaKind
} from './schemas.ts'

/** A schema registry with the API of Confluent. */
export type RegistrySettings = HttpServer

/** The registry has answered that it has no such schema, subject or version. */
export const MISSING = Symbol('missing')

interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

interface Stored {
  readonly schema: string
  readonly schemaType?: SchemaKind
  readonly references?: readonly Reference[]
}

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
   * The schema of this id, with all that it needs.
   * @throws MillraceError REGISTRY_UNREACHABLE where the registry is away or a stranger answers, or
   * REGISTRY_REFUSED where it does not let us in
   */
  async schemaOf(id: number, signal?: AbortSignal): Promise<RegisteredSchema | typeof MISSING> {
    const stored = await this.#get(`/schemas/ids/${id}`, signal)
    return stored === MISSING ? MISSING : this.#whole(stored as Stored, signal)
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
    const { schema: text, schemaType: kind = 'AVRO' } = stored
    if (typeof text !== 'string' || !isSchemaKind(kind)) throw this.#stranger('no schema')
    return { kind, text, references: [...references.values()] }
  }

  /** Those that others need first; one that stands in a circle ends at the depth. */
  async #collect(
    { references = [] }: Stored,
    found: Map<string, ReferencedSchema>,
    depth: number,
    signal: AbortSignal | undefined
  ): Promise<void> {
    for (const { name, subject, version } of references) {
      if (found.has(name)) continue
      if (depth > MAX_DEPTH || found.size >= MAX_REFERENCES)
        throw this.#stranger('a schema that refers to itself, or to too many others')
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`
      const stored = (await this.#get(path, signal)) as Stored | typeof MISSING
      if (stored === MISSING || typeof stored.schema !== 'string')
        throw this.#stranger(`no version ${version} of "${subject}", which a schema refers to`)
      await this.#collect(stored, found, depth + 1, signal)
      found.set(name, { name, text: stored.schema })
    }
  }

  async #get(path: string, signal: AbortSignal | undefined): Promise<unknown> {
    let answer: ServerAnswer
    try {
      const accept = 'application/vnd.schemaregistry.v1+json, application/json'
      answer = await this.#client.ask(path, { headers: { accept }, ...(signal && { signal }) })
    } catch (error) {
      const why = `The schema registry at ${this.settings.url} cannot be reached`
      throw new MillraceError('REGISTRY_UNREACHABLE', `${why}: ${reasonOf(error)}.`, {
        cause: error
      })
    }
    return this.#contentOf(answer)
  }

  #contentOf({ status, body }: ServerAnswer): unknown {
    const content = contentIn(body)
    if (status === 404 && isOwnError(content)) return MISSING
    if (status === 401 || status === 403)
      throw new MillraceError(
        'REGISTRY_REFUSED',
        `The schema registry at ${this.settings.url} refuses the login (status ${status}).`
      )
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

/** A page that is not there is no word of a registry: its own errors have a code. */
const isOwnError = (content: unknown): boolean =>
  typeof (content as { error_code?: unknown } | undefined)?.error_code === 'number'
