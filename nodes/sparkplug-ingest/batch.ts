import { headersOf } from '../../core/mqtt/headers.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import {
  type Batch,
  PROVENANCE,
  Provenance,
  type Rejection,
  reject,
  type Taken
} from '../../core/record/record.ts'
import type { Split } from '../../core/source/types.ts'
import type { ArrivalOutcome, Entry } from './arrival.ts'
import { deviceIdOf, type RecordOptions, recordOf } from './records.ts'

/** Some of the entries of a message: one with many metrics is spread over several batches. */
interface Part {
  readonly outcome: ArrivalOutcome
  readonly from: number
  readonly to: number
}

const STAGE = 'sparkplug-ingest'

/** Records that leave together. */
export class SparkplugBatch implements Batch {
  readonly #parts: Part[] = []
  /** Messages whose last records are in it: they are acknowledged with it. */
  readonly ends: ArrivalOutcome[] = []
  records = 0
  bytes = 0

  constructor(private readonly options: RecordOptions) {}

  /** Adds these entries of a message, the last of it or not. */
  add(outcome: ArrivalOutcome, from: number, to: number): void {
    const { length } = outcome.packet.payload
    const all = outcome.entries.length
    this.#parts.push({ outcome, from, to })
    this.records += to - from
    this.bytes += all === 0 ? length : Math.round((length * (to - from)) / all)
    if (to === all) this.ends.push(outcome)
  }

  /** The same again at each call, in new objects. */
  split(): Split {
    const accepted: object[] = []
    const rejected: Rejection[] = []
    for (const [index, { outcome, from, to }] of this.#parts.entries()) {
      const { entries, arrival } = outcome
      for (let at = from; at < to; at++) {
        const entry = entries[at]!
        const made =
          entry.kind === 'failed' ? entry.failure : recordOf(entry, arrival!, this.options)
        const provenance = new Provenance(this, index, placeOf(entry))
        if (made instanceof ParseFailure) rejected.push(rejection(provenance, made))
        else accepted.push(Object.assign(made, { [PROVENANCE]: provenance }))
      }
    }
    return { accepted, rejected }
  }

  at(index: number): Taken {
    const { arrival, packet } = this.#parts[index]!.outcome
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
