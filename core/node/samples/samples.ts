import { countOf, type Message, recordsOf } from '../../record/message.ts'
import { provenanceOf } from '../../record/record.ts'
import { Writer, type Written } from './written.ts'

/** A message as a node saw it, or what of it fits. */
export interface Sample {
  /** Counts the samples of a node. */
  readonly number: number
  readonly seenMs: number
  readonly topic: string
  /** How many records the message carried; a large batch is kept by its first ones. */
  readonly records: number
  /** True where values were left out to save memory. */
  readonly cut: boolean
  readonly payload: Written
  /** Where each record came from, in their order; null where nobody knows. */
  readonly taken: Written
}

/** So many messages are kept, and so much memory is used for them. */
export const MOST_SAMPLES = 20
export const MAX_BYTES = 64_000
/** Of one message, and of what follows its first record. */
const MAX_SAMPLE = 16_000
const FOR_FURTHER = 3_000
const MOST_RECORDS = 10

/**
 * Where messages come fast, four a second are looked at, and after a pause as many as are kept: a
 * copy costs as much as a few records do, a look at the clock costs nothing.
 */
const EVERY_MS = 250
const AHEAD_MS = EVERY_MS * (MOST_SAMPLES - 1)

/**
 * The last messages of a node, for its dialog. They are copied when they are seen, since the nodes
 * behind may change what they get, and as text, whose size is known.
 */
export class Samples {
  readonly #kept: string[] = []
  #bytes = 0
  #number = 0
  /** The time at which messages that are copied one every 250 ms would be through. */
  #usedUntilMs = 0

  constructor(
    readonly type: string,
    private readonly clock: () => number = () => performance.now()
  ) {}

  /** Never throws: whatever a message holds, it goes on. */
  see(message: Message): void {
    const nowMs = this.clock()
    if (this.#usedUntilMs - nowMs > AHEAD_MS) return
    this.#usedUntilMs = Math.max(this.#usedUntilMs, nowMs) + EVERY_MS
    try {
      this.#keep(JSON.stringify(written(message, this.#number + 1)))
      this.#number++
    } catch {
      // A field that cannot be read, such as one with a getter of a function node, is no sample.
    }
  }

  /** The last first. */
  list(): Sample[] {
    return this.#kept.map(text => JSON.parse(text) as Sample).reverse()
  }

  #keep(text: string): void {
    this.#kept.push(text)
    this.#bytes += Buffer.byteLength(text)
    while (this.#kept.length > MOST_SAMPLES || this.#bytes > MAX_BYTES)
      this.#bytes -= Buffer.byteLength(this.#kept.shift()!)
  }
}

/** A message as it is kept: what of it fits. */
export function written(message: Message, number: number): Sample {
  const { payload, topic } = message
  const writer = new Writer(MAX_SAMPLE)
  const few = recordsOf(payload).slice(0, MOST_RECORDS)
  const records: Written[] = []
  const taken: Written[] = []
  for (const record of few) {
    records.push(writer.write(record))
    taken.push(origin(record, writer))
    if (records.length === 1) writer.left = Math.min(writer.left, FOR_FURTHER)
    if (writer.left <= 0) break
  }
  return {
    number,
    seenMs: Date.now(),
    topic: typeof topic === 'string' ? topic.slice(0, 1_000) : '',
    records: countOf(payload),
    cut: writer.cut,
    payload: Array.isArray(payload) ? records : records[0],
    taken
  }
}

/** The original bytes stay behind: the record is made of them. */
function origin(record: unknown, writer: Writer): Written {
  const taken = provenanceOf(record)?.taken
  if (taken === undefined) return null
  const { origin, key, headers } = taken
  return writer.write({ origin, key, headers })
}

const known = new Map<string, Samples>()

/** The samples of a node; those of before go on over a redeploy of the same node. */
export function samplesFor(id: string, type: string): Samples {
  const before = known.get(id)
  if (before?.type === type) return before
  const fresh = new Samples(type)
  known.set(id, fresh)
  return fresh
}

/** What a node that runs or is disabled has seen, the last first. */
export const samplesOf = (id: string): Sample[] => known.get(id)?.list() ?? []

export function forgetSamples(id: string): void {
  known.delete(id)
}
