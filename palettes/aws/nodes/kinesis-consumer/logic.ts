import {
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
  type TelemetryRecord
} from '@millrace/node-red-telemetry'
import { aggregateIn, userRecordsOf } from './aggregate.ts'
import { type Arrival, KinesisBatch } from './batch.ts'
import { spec } from './spec.ts'

const STAGE = 'kinesis-consumer'

export type ConsumerOptions = Options<typeof spec>

/** @throws OptionsError for settings that cannot be used; `ready` is refused with it likewise */
export function shaperOf(options: ConsumerOptions): Shaper {
  const reading = options as unknown as ReaderOptions
  const problems = placingProblems(reading)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const { taken, wins, maxPayloadBytes } = options
  return new Shaper({
    loading: loadingReader(reading),
    taken,
    fillIn: FILL_IN[wins],
    maxPayloadBytes
  })
}

interface ShapeOptions extends Pick<ConsumerOptions, 'taken' | 'maxPayloadBytes'> {
  readonly loading: LoadingReader
  readonly fillIn: FillIn
}

const PARTS: Readonly<Record<ConsumerOptions['taken'][number]['part'], (of: Arrival) => string>> = {
  'partition-key': ({ key }) => key,
  'sequence-number': ({ sequence }) => sequence,
  shard: ({ shard }) => shard,
  'arrival-time': ({ arrivedMs }) => new Date(arrivedMs).toISOString()
}

/** Makes records of what Kinesis has. */
export class Shaper {
  constructor(private readonly options: ShapeOptions) {}

  /** The library of the format is there; undefined where it needs none. */
  get ready(): Promise<void> | undefined {
    return this.options.loading.ready
  }

  /** The records of one message, however many, some at a time; `kills` is why it is set aside. */
  *piecesOf(batch: KinesisBatch, index: number, kills?: Reason): Generator<SplitPiece> {
    const arrival = batch.arrivals[index]!
    const aggregate = kills === undefined ? aggregateIn(arrival.data) : undefined
    if (aggregate === undefined) {
      yield* this.#pieces(batch, index, kills)
      return
    }
    try {
      for (const { key, data } of userRecordsOf(aggregate))
        yield* this.#pieces(new KinesisBatch(batch.stream, [{ ...arrival, key, data }], 0), 0)
    } catch (error) {
      const why = `It is of the Kinesis Producer Library, and broken: ${reasonOf(error)}.`
      yield refused(batch, index, new ParseFailure('FORMAT_INVALID', why))
    }
  }

  *#pieces(batch: KinesisBatch, index: number, kills?: Reason): Generator<SplitPiece> {
    const arrival = batch.arrivals[index]!
    const problem = kills ?? this.#problem(arrival)
    if (problem !== undefined) {
      yield refused(batch, index, problem)
      return
    }
    const fields = this.#fieldsOf(arrival)
    const complete = (record: TelemetryRecord) => this.options.fillIn(record, fields)
    try {
      const { reader } = this.options.loading
      const pieces = reader.pieces(arrival.data, { arrivedMs: arrival.arrivedMs })
      yield* placedPieces(pieces, new Provenance(batch, index), STAGE, complete)
    } catch (error) {
      const why = `It cannot be read: ${reasonOf(error)}.`
      yield refused(batch, index, new ParseFailure('FORMAT_INVALID', why))
    }
  }

  #problem({ data: { length } }: Arrival): ParseFailure | undefined {
    const { maxPayloadBytes } = this.options
    if (length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The record has no data.')
    if (length <= maxPayloadBytes) return undefined
    return new ParseFailure(
      'PAYLOAD_TOO_LARGE',
      `The data has ${length} bytes; at most ${maxPayloadBytes} are accepted.`
    )
  }

  /** What Kinesis says beside the data. */
  #fieldsOf(arrival: Arrival): Record<string, string> {
    return Object.fromEntries(
      this.options.taken.map(({ part, field }) => [field, PARTS[part](arrival)])
    )
  }
}

function refused(batch: KinesisBatch, index: number, reason: Reason): SplitPiece {
  const again = () => ({
    accepted: [],
    rejected: [refusal(reason, new Provenance(batch, index), STAGE)]
  })
  return { split: again(), again }
}
