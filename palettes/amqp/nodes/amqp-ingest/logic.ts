import {
  compileTopicTemplate,
  FILL_IN,
  type FillIn,
  type LoadingReader,
  loadingReader,
  type Options,
  OptionsError,
  ParseFailure,
  Provenance,
  placedPieces,
  placingProblems,
  type ReaderOptions,
  type Reason,
  reasonOf,
  refusal,
  type SplitPiece,
  type TelemetryRecord,
  type TopicTemplate
} from '@millrace/node-red-telemetry'
import type { AmqpBatch, Arrival } from './arrival.ts'
import { partsOf, type TakenPart } from './parts.ts'
import { spec } from './spec.ts'

export const STAGE = 'amqp-ingest'

export type IngestOptions = Options<typeof spec>

/** @throws OptionsError for settings that cannot be used; `ready` is refused with it likewise */
export function shaperOf(options: IngestOptions): Shaper {
  const reading = options as unknown as ReaderOptions
  const problems = placingProblems(reading)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const { template, taken, wins, maxPayloadBytes } = options
  return new Shaper({
    loading: loadingReader(reading),
    template: template === '' ? undefined : compileTopicTemplate(template),
    parts: partsOf(taken),
    fillIn: FILL_IN[wins],
    maxPayloadBytes
  })
}

interface ShapeOptions {
  readonly loading: LoadingReader
  readonly template: TopicTemplate | undefined
  readonly parts: readonly TakenPart[]
  readonly fillIn: FillIn
  readonly maxPayloadBytes: number
}

/** Makes records of messages. */
export class Shaper {
  constructor(private readonly options: ShapeOptions) {}

  /** The library of the format is there; undefined where it needs none. */
  get ready(): Promise<void> | undefined {
    return this.options.loading.ready
  }

  /** The records of one message, however many, some at a time; `kills` is why it is set aside. */
  *piecesOf(batch: AmqpBatch, index: number, kills?: Reason): Generator<SplitPiece> {
    const provenance = new Provenance(batch, index)
    const arrival = batch.arrivals[index]!
    const { body } = arrival
    const problem = kills ?? this.#problem(arrival)
    if (problem !== undefined || body instanceof ParseFailure) {
      yield* this.#refused(batch, index, problem ?? (body as ParseFailure))
      return
    }
    try {
      yield* this.#read(batch, index, { arrival, body, provenance })
    } catch (error) {
      const failure = new ParseFailure('FORMAT_INVALID', `It cannot be read: ${reasonOf(error)}.`)
      yield* this.#refused(batch, index, failure)
    }
  }

  *#refused(batch: AmqpBatch, index: number, reason: Reason): Generator<SplitPiece> {
    const again = () => ({
      accepted: [],
      rejected: [refusal(reason, new Provenance(batch, index), STAGE)]
    })
    batch.unreadable.add(index)
    yield { split: again(), again }
  }

  *#read(
    batch: AmqpBatch,
    index: number,
    given: { arrival: Arrival; body: Buffer; provenance: Provenance }
  ): Generator<SplitPiece> {
    const { arrival, body, provenance } = given
    const { loading } = this.options
    const fields = this.#fieldsOf(arrival)
    const complete = (record: TelemetryRecord) => this.options.fillIn(record, fields)
    const pieces = loading.reader.pieces(body, { arrivedMs: batch.arrivedMs })
    let [accepted, rejected] = [0, 0]
    for (const piece of placedPieces(pieces, provenance, STAGE, complete)) {
      accepted += piece.split.accepted.length
      rejected += piece.split.rejected.length
      if (accepted > 0) batch.unreadable.delete(index)
      else if (rejected > 0) batch.unreadable.add(index)
      yield piece
    }
  }

  #problem({ address, body }: Arrival): ParseFailure | undefined {
    const { template, maxPayloadBytes } = this.options
    if (body instanceof ParseFailure) return body
    if (template !== undefined && !template.matches(address))
      return new ParseFailure(
        'TOPIC_MISMATCH',
        `The address "${address}" is not of the template "${template.text}".`
      )
    if (body.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The message has no body.')
    if (body.length <= maxPayloadBytes) return undefined
    return new ParseFailure(
      'PAYLOAD_TOO_LARGE',
      `The body has ${body.length} bytes; at most ${maxPayloadBytes} are accepted.`
    )
  }

  /** What address and message say beside the body. */
  #fieldsOf({ address, message }: Arrival): Record<string, string> {
    const fields = { ...this.options.template?.match(address) }
    for (const { field, of } of this.options.parts) {
      const text = of(message)
      if (text !== undefined) fields[field] = text
    }
    return fields
  }
}
