import { formatDefaults } from '../../core/format/fields.ts'
import { type LoadingReader, loadingReader } from '../../core/format/reader.ts'
import type { Options } from '../../core/node/spec.ts'
import { formatOfType } from '../../core/upload/content-readers.ts'
import { PathRecords, type ReadBody, readingOf } from '../../core/upload/path-records.ts'
import { notTaken } from './content.ts'
import { askedOf, completePoint, writeQuery } from './influx.ts'
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
  readonly #records: PathRecords

  constructor(options: NodeOptions) {
    const node = { label: spec.label, stage: STAGE }
    this.#records = new PathRecords(node, { ...options, decompress: false })
  }

  get ready(): Promise<void> | undefined {
    return this.#records.ready
  }

  askedOf(path: string): 'write' | undefined {
    return this.#records.isAt(path) ? 'write' : undefined
  }

  async open(
    { path, contentType }: RequestLine,
    body: Buffer,
    arrivedMs: number
  ): Promise<ReadBody | HttpRefusal> {
    const format = this.#records.asksType ? formatOfType(contentType) : 'json'
    if (format === undefined) return notTaken(contentType)
    return this.#records.open({ path, body, arrivedMs }, format)
  }
}

/** Line protocol, where clients of InfluxDB write it. */
class PointIntake implements BodyIntake {
  readonly #lines: LoadingReader

  constructor(private readonly options: NodeOptions) {
    const { nanAsNull, exact, maxFields } = options
    const format = 'line-protocol' as const
    this.#lines = loadingReader(
      formatDefaults({
        nanAsNull,
        exact,
        maxFields,
        format,
        at: 'message' as const,
        decompress: false
      })
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
    return readingOf({ path, body, arrivedMs, key: null, stage: STAGE }, this.#lines, point =>
      completePoint(point, write, arrivedMs)
    )
  }
}
