import { placingProblems } from '../format/check.ts'
import type { Format } from '../format/names.ts'
import { placedPieces } from '../format/placed.ts'
import { type LoadingReader, loadingReader, type ReaderOptions } from '../format/reader.ts'
import { OptionsError } from '../options-error.ts'
import { FILL_IN } from '../record/fill-in.ts'
import type { ParseFailure } from '../record/parse-failure.ts'
import { Provenance, provenanceOf, type TelemetryRecord } from '../record/record.ts'
import { compileTopicTemplate, type TopicTemplate } from '../record/topic-template.ts'
import type { Wins } from '../record/wins.ts'
import type { SplitPiece } from '../source/types.ts'
import { ContentReaders } from './content-readers.ts'
import { withoutSlashes } from './slashes.ts'
import { UploadedBody } from './uploaded-body.ts'

/** Reads a body; its pieces are gone through once. */
export type ReadBody = () => Iterable<SplitPiece>

/** What the dialog says: a path by template, and the fields of core/format. */
export interface PathRecordsOptions
  extends Pick<ReaderOptions, 'nanAsNull' | 'exact' | 'cutNuls' | 'maxFields' | 'decompress'> {
  readonly urlPath: string
  readonly pathWins: Wins
  /** `type` where each body says itself which it is. */
  readonly format: Format | 'type'
}

/** A body that has come whole. */
export interface ArrivedBody {
  /** Without `/` at its ends. */
  readonly path: string
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly arrivedMs: number
}

/** Makes records of bodies at a path by template, whose fields go into each of them. */
export class PathRecords {
  readonly #template: TopicTemplate
  readonly #own: LoadingReader | undefined
  readonly #byType: ContentReaders

  /**
   * @param node the label and the stage of the node
   * @throws OptionsError for settings that cannot be used
   */
  constructor(
    private readonly node: { readonly label: string; readonly stage: string },
    private readonly options: PathRecordsOptions
  ) {
    this.#template = compileTopicTemplate(withoutSlashes(options.urlPath))
    this.#byType = new ContentReaders(options)
    if (options.format === 'type') return
    const reading = options as unknown as ReaderOptions
    const problems = placingProblems(reading)
    if (problems.length > 0) throw new OptionsError(node.label, problems)
    this.#own = loadingReader(reading)
  }

  /** The library of its own format is there; refused with an OptionsError for a wrong schema. */
  get ready(): Promise<void> | undefined {
    return this.#own?.ready
  }
  /** Whether bodies have to say of which format they are. */
  get asksType(): boolean {
    return this.#own === undefined
  }

  isAt(path: string): boolean {
    return this.#template.matches(path)
  }

  /** @param format as the body says; it counts where `asksType` */
  async open(arrived: ArrivedBody, format: Format): Promise<ReadBody> {
    const loading = this.#own ?? this.#byType.readerOf(format, arrived.body)
    await loading.ready
    const fields = this.#template.match(arrived.path)
    const fillIn = FILL_IN[this.options.pathWins]
    const placed = { ...arrived, key: fields?.device_id ?? null, stage: this.node.stage }
    return readingOf(placed, loading, record => fillIn(record, fields))
  }
}

interface PlacedBody extends ArrivedBody {
  readonly key: string | null
  readonly stage: string
}

/** @param complete adds to a record what the request knows of it; gives why it is refused, if so */
export function readingOf(
  { path, body, arrivedMs, key, stage }: PlacedBody,
  { reader }: LoadingReader,
  complete: (record: TelemetryRecord) => ParseFailure | undefined
): ReadBody {
  const provenance = new Provenance(new UploadedBody(path, body, arrivedMs, key), 0)
  return () => placedPieces(reader.pieces(body, { arrivedMs }), provenance, stage, complete)
}

/** Where in the body a record stands; empty for all of it. */
export const placeInBody = (record: unknown): string => provenanceOf(record)?.place ?? ''
