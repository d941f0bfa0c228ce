import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { Holdup } from '../../core/node/define-transform.ts'
import type { Options } from '../../core/node/spec.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { type Reason, reject } from '../../core/record/record.ts'
import { recordWriter } from '../../core/registry/record-writer.ts'
import type { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import type { RegisteredSchema } from '../../core/registry/schemas.ts'
import type { CurrentSchema, SubjectSchema } from '../../core/registry/subject-schema.ts'
import { registryTrouble } from '../../core/registry/trouble.ts'
import {
  recordSorter,
  type SortedRecord,
  type SortRecord,
  STAGE,
  type ValidateOutputs
} from './logic.ts'
import type { spec } from './spec.ts'

type ValidateOptions = Options<typeof spec>

interface SubjectLog {
  warn(sentence: string): void
  log(sentence: string): void
}

/** Sorts records by the schema that a registry has of a subject, as it is now. */
export class SubjectValidator {
  readonly #subject: SubjectSchema
  #sort: SortRecord | undefined
  #version: number | undefined
  /** Why the schema that is there cannot be used; with one before it, that goes on. */
  #unusable: Reason | undefined
  #waiting = 0
  #told = ''

  constructor(
    private readonly options: ValidateOptions,
    registry: Pick<SchemaRegistry, 'subject'>,
    private readonly log: SubjectLog
  ) {
    const { subject, schemaFrom, schemaVersion, refreshS } = options
    const wanted = schemaFrom === 'newest' ? 'newest' : { version: schemaVersion }
    this.#subject = registry.subject(
      { subject, wanted, everyMs: refreshS * 1000 },
      {
        changed: (now, before) => this.#changed(now, before),
        told: problem => this.#tell(problem),
        unusable: why => this.#warnOnce(`${why} Records are checked by the version before it.`)
      }
    )
  }

  sort(message: Message): SortedRecord | Promise<SortedRecord> {
    const needed = this.#subject.needed()
    return needed === undefined ? this.#sorted(message) : this.#later(needed, message)
  }

  /** What records wait for. */
  problem(): Holdup | undefined {
    const { current, problem } = this.#subject
    if (this.#sort === undefined && this.#unusable) return { mend: 'schema cannot be used' }
    if (current instanceof MillraceError) return { mend: 'subject or version is missing' }
    const trouble = this.#waiting > 0 ? registryTrouble(problem) : undefined
    return trouble?.mend ? { mend: trouble.words } : trouble?.words
  }

  note = (): string | undefined =>
    this.#version === undefined ? undefined : `version ${this.#version}`

  close(): void {
    this.#subject.close()
  }

  async #later(needed: Promise<void>, message: Message): Promise<SortedRecord> {
    this.#waiting++
    try {
      await needed
    } finally {
      this.#waiting--
    }
    return this.#sorted(message)
  }

  #sorted(message: Message): SortedRecord | Promise<SortedRecord> {
    const outputs: ValidateOutputs = { valid: [], rejected: [] }
    const sort = this.#sort ?? this.#refusing()
    const sorted: SortedRecord = [outputs.valid, outputs.rejected]
    const rest = inSlices(recordsOf(message.payload), record => sort(record, message, outputs))
    return rest === undefined ? sorted : rest.then(() => sorted)
  }

  #refusing(): SortRecord {
    const { current } = this.#subject
    const missing =
      current instanceof MillraceError
        ? { code: current.code, message: current.message }
        : undefined
    const reason = missing ?? this.#unusable!
    return (record, _message, { rejected }) => {
      rejected.push(reject(record, STAGE, reason))
      return false
    }
  }

  #changed({ version, schema }: CurrentSchema, before: CurrentSchema | undefined): void {
    const { subject } = this.options
    try {
      this.#sort = this.#sorterOf(schema)
      this.#version = version
      this.#unusable = undefined
      if (before !== undefined)
        this.log.log(`Records are checked by version ${version} of "${subject}" from now on.`)
    } catch (error) {
      const message = `Version ${version} of "${subject}" cannot be used: ${reasonOf(error)}.`
      this.#unusable = { code: 'SCHEMA_UNUSABLE', message }
      const goesOn = this.#sort === undefined ? '' : ' Records are checked by the one before it.'
      this.#warnOnce(message + goesOn)
    }
  }

  #sorterOf({ kind, text, references }: RegisteredSchema): SortRecord {
    if (kind === 'JSON') {
      const documents = Object.fromEntries(
        references.map(each => [each.name, JSON.parse(each.text)])
      )
      const options = { ...this.options, choose: 'one', schema: text, documents } as const
      return recordSorter(options, notice => this.#warnOnce(notice))
    }
    const { messageType } = this.options
    const write = recordWriter(0, { kind, text, references }, { messageType, extra: 'reject' })
    return (record, _message, { valid, rejected }) => {
      const written = write(record)
      if (Buffer.isBuffer(written)) valid.push(record)
      else rejected.push(reject(record, STAGE, written))
      return false
    }
  }

  #tell(problem: MillraceError | undefined): void {
    const isKnown = this.#sort !== undefined
    if (problem !== undefined)
      this.#warnOnce(
        `${problem.message} ${isKnown ? 'Records are checked by the schema that was read last.' : 'Records wait.'}`
      )
    else if (this.#told !== '') this.log.log('The schema registry answers again.')
    if (problem === undefined) this.#told = ''
  }

  #warnOnce(sentence: string): void {
    if (sentence !== this.#told) this.log.warn(sentence)
    this.#told = sentence
  }
}
