import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import { headersOf } from '../../core/mqtt/headers.ts'
import type { PacedBatch } from '../../core/mqtt/paced-batches.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import {
  type Batch,
  PROVENANCE,
  Provenance,
  type Rejection,
  reject,
  type Taken
} from '../../core/record/record.ts'
import type { Split, SplitPiece } from '../../core/source/types.ts'
import type { ArrivalOutcome, Entry } from './arrival.ts'
import { entriesOf } from './entries.ts'
import { deviceIdOf, type RecordOptions, recordOf } from './records.ts'

const STAGE = 'sparkplug-ingest'

/** Messages whose records go into the flow together. */
export class SparkplugBatch implements Batch, PacedBatch {
  readonly packets: Received[] = []
  readonly #outcomes: ArrivalOutcome[] = []
  bytes = 0
  /** Records that they hold at most. */
  size = 0

  constructor(
    /** The connection that brought them. */
    readonly acks: DeferredAcks,
    private readonly options: RecordOptions
  ) {}

  add(outcome: ArrivalOutcome): void {
    const { packet, entries, arrival, reading } = outcome
    this.packets.push(packet)
    this.#outcomes.push(outcome)
    this.bytes += packet.payload.length
    this.size += entries.length + (reading === undefined ? 0 : arrival!.payload.metrics.length)
  }

  /**
   * The records of one message, some at a time.
   * @param leftOut told of values that are left out on purpose
   */
  *piecesOf(index: number, leftOut: (values: number) => void): Generator<SplitPiece> {
    for (const entries of entriesOf(this.#outcomes[index]!, leftOut)) {
      const again = () => this.#split(index, entries)
      yield { split: again(), again }
    }
  }

  /** The same again at each call, in new objects. */
  #split(index: number, entries: readonly Entry[]): Split {
    const accepted: object[] = []
    const rejected: Rejection[] = []
    const { arrival } = this.#outcomes[index]!
    for (const entry of entries) {
      const made = entry.kind === 'failed' ? entry.failure : recordOf(entry, arrival!, this.options)
      const provenance = new Provenance(this, index, placeOf(entry))
      if (made instanceof ParseFailure) rejected.push(rejection(provenance, made))
      else accepted.push(Object.assign(made, { [PROVENANCE]: provenance }))
    }
    return { accepted, rejected }
  }

  at(index: number): Taken {
    const { arrival, packet } = this.#outcomes[index]!
    const { topic, qos, retain, payload, properties } = packet
    return {
      origin: { kind: 'mqtt', topic, qos, retained: retain },
      key: arrival === undefined ? null : deviceIdOf(arrival.address, this.options),
      headers: headersOf(topic, qos, retain, properties),
      raw: payload as Buffer
    }
  }
}

function placeOf(entry: Entry): string | undefined {
  if (entry.kind === 'metric') return `metrics.${entry.place}`
  return entry.kind === 'failed' ? entry.failure.path : undefined
}

/** There is no record to show, only the bytes of its message. */
function rejection(provenance: Provenance, failure: ParseFailure): Rejection {
  const { code, message, path } = failure
  const reason = { code, message, ...(path === undefined ? {} : { path }) }
  return { ...reject({ [PROVENANCE]: provenance }, STAGE, reason), record: null }
}
