import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { Holdup } from '../../core/node/define-transform.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Reason } from '../../core/record/record.ts'
import {
  type RecordWriting,
  recordWriter,
  type WriteRegistered
} from '../../core/registry/record-writer.ts'
import type { WrittenSchema } from '../../core/registry/registry-client.ts'
import type { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { subjectOf } from '../../core/registry/subject-name.ts'
import type { CurrentSchema, SubjectSchema, Wanted } from '../../core/registry/subject-schema.ts'
import { spec } from './spec.ts'

type ProducerOptions = Options<typeof spec>

/** To whom it is told how the registry is. */
export interface Told {
  warn(sentence: string): void
  log(sentence: string): void
  /** What the status says may be another. */
  refresh(): void
}

/** Writes records as the registry has their schema. */
export class RegisteredValues {
  readonly #subject: SubjectSchema
  #write: WriteRegistered | undefined
  #refusal: Reason | undefined
  #told = ''
  #isIncompatible = false
  #isClosed = false

  /** @throws OptionsError for a pasted schema that cannot be used */
  constructor(
    private readonly options: ProducerOptions,
    registry: SchemaRegistry,
    private readonly told: Told
  ) {
    checkPasted(options)
    const { refreshS } = options
    this.#subject = registry.subject(
      { subject: subjectOf(options), wanted: wantedOf(options), everyMs: refreshS * 1000 },
      {
        changed: (now, before) => this.#changed(now, before),
        told: problem => this.#tell(problem),
        unusable: why => this.#warnOnce(`${why} Records are written by the version before it.`)
      }
    )
    this.#checkCompatibility(registry)
  }

  /** Resolves when records can be written, or none can; undefined while nothing is waited for. */
  needed(): Promise<unknown> | undefined {
    return this.#subject.needed()
  }

  /** To be asked for when nothing is waited for. */
  valueOf(record: unknown): Buffer | Reason {
    const { current } = this.#subject
    if (current === undefined || current instanceof MillraceError)
      return { code: current?.code ?? 'SUBJECT_UNKNOWN', message: current?.message ?? '' }
    this.#write ??= this.#writerOf(current)
    return this.#write?.(record) ?? this.#refusal!
  }

  /** What records wait for, in a few words. */
  get waitsFor(): Holdup | undefined {
    const { current, problem } = this.#subject
    if (this.#isIncompatible && !isSchema(current)) return { mend: 'schema is not compatible' }
    if (current !== undefined || problem === undefined) return undefined
    return problem.code === 'REGISTRY_REFUSED'
      ? { mend: 'registry refuses the login' }
      : 'registry away'
  }

  close(): void {
    this.#isClosed = true
    this.#subject.close()
  }

  /** Asked at deploy: whoever pasted the schema is still there. */
  #checkCompatibility(registry: SchemaRegistry): void {
    const { schemaFrom } = this.options
    if (schemaFrom !== 'pasted') return
    const asked = registry.compatibility(subjectOf(this.options), pastedOf(this.options))
    asked.then(
      ({ isCompatible, sentence }) => {
        if (isCompatible || this.#isClosed) return
        this.#isIncompatible = true
        this.told.warn(sentence)
        this.told.refresh()
      },
      // That the registry is away is told by what waits for it.
      () => undefined
    )
  }

  #changed({ version }: CurrentSchema, before: CurrentSchema | undefined): void {
    this.#write = undefined
    this.#refusal = undefined
    if (before !== undefined)
      this.told.log(
        `Records are written by version ${version} of "${subjectOf(this.options)}" from now on; it was ${before.version}.`
      )
  }

  #writerOf({ id, schema }: CurrentSchema): WriteRegistered | undefined {
    if (this.#refusal !== undefined) return undefined
    try {
      return recordWriter(id, schema, writerOptions(this.options))
    } catch (error) {
      const message = `The schema ${id} of the registry cannot be used: ${reasonOf(error)}`
      this.#refusal = { code: 'SCHEMA_UNUSABLE', message }
      this.#warnOnce(message)
      return undefined
    }
  }

  #tell(problem: MillraceError | undefined): void {
    if (problem !== undefined) this.#warnOnce(`${problem.message} Records wait.`)
    else if (this.#told !== '') this.told.log('The schema registry answers again.')
    if (problem === undefined) this.#told = ''
    this.told.refresh()
  }

  #warnOnce(sentence: string): void {
    if (sentence !== this.#told) this.told.warn(sentence)
    this.#told = sentence
  }
}

/** What it refers to is not at hand yet: then the registry looks at it. */
function checkPasted(options: ProducerOptions): void {
  const { content, schemaFrom, references } = options
  if (content !== 'registered' || schemaFrom !== 'pasted' || references.length > 0) return
  const { schema, schemaType } = pastedOf(options)
  try {
    recordWriter(0, { kind: schemaType, text: schema, references: [] }, writerOptions(options))
  } catch (error) {
    // What is wrong with it says already of which field it is.
    const isSaid = error instanceof OptionsError
    const why = isSaid ? error.message : `${spec.fields.schema.label}: ${reasonOf(error)}`
    throw new OptionsError(spec.label, [why])
  }
}

const isSchema = (current: SubjectSchema['current']): current is CurrentSchema =>
  current !== undefined && !(current instanceof MillraceError)

const writerOptions = ({ messageType, extraFields }: ProducerOptions): RecordWriting => ({
  messageType,
  extra: extraFields
})

function wantedOf(options: ProducerOptions): Wanted {
  const { schemaFrom, schemaVersion, register } = options
  if (schemaFrom === 'newest') return 'newest'
  if (schemaFrom === 'version') return { version: schemaVersion }
  return { schema: pastedOf(options), register }
}

/** The schema of the dialog, as the registry takes it. */
export const pastedOf = ({
  schema,
  schemaKind,
  references
}: Pick<ProducerOptions, 'schema' | 'schemaKind' | 'references'>): WrittenSchema => ({
  schema,
  schemaType: schemaKind,
  references
})
