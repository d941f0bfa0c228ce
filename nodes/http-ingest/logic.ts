import { placingProblems } from '../../core/format/check.ts'
import { formatDefaults } from '../../core/format/fields.ts'
import { placedPieces } from '../../core/format/placed.ts'
import { type LoadingReader, loadingReader, type ReaderOptions } from '../../core/format/reader.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { FILL_IN } from '../../core/record/fill-in.ts'
import type { ParseFailure } from '../../core/record/parse-failure.ts'
import { Provenance, provenanceOf, type TelemetryRecord } from '../../core/record/record.ts'
import { compileTopicTemplate } from '../../core/record/topic-template.ts'
import type { SplitPiece } from '../../core/source/types.ts'
import { ContentReaders } from './content.ts'
import { HttpBody } from './http-body.ts'
import { askedOf, completePoint, writeQuery } from './influx.ts'
import { withoutSlashes } from './paths.ts'
import { HttpRefusal } from './refusal.ts'
import { spec } from './spec.ts'

const STAGE = 'http-ingest'

type NodeOptions = Options<typeof spec>

export type { HttpRefusal }

/** What a request says beside its body. */
export interface RequestLine {
  /** Without `/` at its ends. */
  readonly path: string
  readonly query: URLSearchParams
  readonly contentType: string | undefined
}

/** Reads a body; its pieces are gone through once. */
export type ReadBody = () => Iterable<SplitPiece>

/** Makes records of the bodies that one node takes. */
export interface BodyIntake {
  /** What is asked for at this path; undefined where it is not this node's. */
  askedOf(path: string): 'write' | 'presence' | undefined
  /** Its library is there; refused with an OptionsError for a schema that is wrong. */
  readonly ready: Promise<void> | undefined
  /**
   * How to read a body: a function that gives its records, some at a time.
   * @param body its compression undone
   */
  open(line: RequestLine, body: Buffer, arrivedMs: number): Promise<ReadBody | HttpRefusal>
}

/** @throws OptionsError for settings that cannot be used */
export function intakeOf(options: NodeOptions): BodyIntake {
  return options.protocol === 'influx' ? new PointIntake(options) : new RecordIntake(options)
}

/** Records in any format, at a path by template. */
class RecordIntake implements BodyIntake {
  readonly #template
  readonly #own: LoadingReader | undefined
  readonly #byType: ContentReaders

  constructor(private readonly options: NodeOptions) {
    this.#template = compileTopicTemplate(withoutSlashes(options.urlPath))
    this.#byType = new ContentReaders(options)
    if (options.format === 'type') return
    const reading = { ...options, decompress: false } as unknown as ReaderOptions
    const problems = placingProblems(reading)
    if (problems.length > 0) throw new OptionsError(spec.label, problems)
    this.#own = loadingReader(reading)
  }

  get ready(): Promise<void> | undefined {
    return this.#own?.ready
  }

  askedOf(path: string): 'write' | undefined {
    return this.#template.matches(path) ? 'write' : undefined
  }

  async open(
    { path, contentType }: RequestLine,
    body: Buffer,
    arrivedMs: number
  ): Promise<ReadBody | HttpRefusal> {
    const loading = this.#own ?? this.#byType.readerOf(contentType, body)
    if (loading instanceof HttpRefusal) return loading
    await loading.ready
    const fields = this.#template.match(path)
    const fillIn = FILL_IN[this.options.pathWins]
    const key = fields?.device_id ?? null
    return reading({ path, body, arrivedMs, key }, loading, record => fillIn(record, fields))
  }
}

/** Line protocol, where clients of InfluxDB write it. */
class PointIntake implements BodyIntake {
  readonly #lines: LoadingReader

  constructor(private readonly options: NodeOptions) {
    const { nanAsNull, exact } = options
    const format = 'line-protocol' as const
    this.#lines = loadingReader(
      formatDefaults({ nanAsNull, exact, format, at: 'message' as const, decompress: false })
    )
  }

  get ready(): Promise<void> | undefined {
    return this.#lines.ready
  }

  askedOf(path: string): 'write' | 'presence' | undefined {
    return askedOf(path, this.options.prefix)
  }

  async open(
    { path, query }: RequestLine,
    body: Buffer,
    arrivedMs: number
  ): Promise<ReadBody | HttpRefusal> {
    const write = writeQuery(query)
    if (write === undefined) return new HttpRefusal(400, 'The precision must be ns, us, ms or s.')
    return reading({ path, body, arrivedMs, key: null }, this.#lines, point =>
      completePoint(point, write, arrivedMs)
    )
  }
}

interface Arrived {
  readonly path: string
  readonly body: Buffer
  readonly arrivedMs: number
  readonly key: string | null
}

function reading(
  { path, body, arrivedMs, key }: Arrived,
  { reader }: LoadingReader,
  complete: (record: TelemetryRecord) => ParseFailure | undefined
): ReadBody {
  const provenance = new Provenance(new HttpBody(path, body, arrivedMs, key), 0)
  return () => placedPieces(reader.pieces(body, { arrivedMs }), provenance, STAGE, complete)
}

/** Where in the body a record stands; empty for all of it. */
export const placeOf = (record: unknown): string => provenanceOf(record)?.place ?? ''
