import { type Provenance, provenanceOf } from '../record/record.ts'
import type { Answer } from './answer.ts'
import type { Counted, RecordId } from './counted.ts'
import { Lane } from './lane.ts'
import { Unsettled } from './unsettled.ts'

/** Where the records of one thing that a source took are counted. */
interface Book {
  get(offset: number, id: RecordId, writtenMs: number): Counted | null | undefined
  add(offset: number, id: RecordId, counted: Counted, writtenMs: number): void
  replace(id: RecordId, counted: Counted): void
  has(id: RecordId, counted: Counted): boolean
}

/** A message as a node got it, for those of its records that were counted. */
export interface Attempt {
  /** The delivery that it belongs to, another one at each attempt; else the message itself. */
  readonly token: object
  /** What the source took, the same at each attempt; undefined where it does not say. */
  readonly taken: object | undefined
  /** The id of the source node: what two of them read of one topic is counted for each. */
  readonly source: string
  /** Of those of its records that need no answer. */
  readonly silent: Counted
  /** Its records that were answered. */
  readonly answered: Answered[]
}

interface Answered {
  readonly book: Book
  readonly id: RecordId
  readonly counted: Counted
}

export function attemptOf(token: object, taken: object | undefined, source = ''): Attempt {
  const silent = { attempt: token, answer: null }
  return { token, taken, source, silent, answered: [] }
}

/**
 * The message is to be taken again: what of it is counted and kept, as one of its partitions may
 * have it, is known then as after a restart.
 */
export function release({ silent, answered }: Attempt): void {
  silent.attempt = undefined
  for (const { counted } of answered) counted.attempt = undefined
}

/** Of several records that were made of one, the last that was found, and how many were before. */
interface LastOfSame {
  readonly book: Book
  readonly id: RecordId
  readonly token: object
  readonly sibling: number
}

/** What is known of a record: it is new, counted and to be answered again, or counted and done. */
export type Found = 'new' | 'settled' | Answer

/**
 * Knows which records count in what is remembered, and what was answered to those whose deliveries
 * are not settled. What came from Kafka is known by its offset, over restarts; the rest by the
 * thing that its source took, as long as that is there.
 */
export class CountedRecords {
  readonly #lanes = new Map<string, Lane>()
  #books = new WeakMap<object, MemoryBook>()
  readonly #unsettled = new Unsettled()
  /** Of the record that was asked for last, where it is of MQTT and may come again. */
  #ofMqtt: Provenance | undefined
  /** Where the record stands that was asked for last. */
  #book: Book | undefined
  #offset = 0
  #id: RecordId = 0
  #ofSame: LastOfSame | undefined
  #writtenMs = 0
  #lane: { source: string; topic: string; partition: number; lane: Lane } | undefined

  /** Of Kafka: the name of the partition; the others are one partition of the input. */
  partition = ''
  /** When the record came into the system, as Kafka tells; undefined where it does not. */
  arrivedMs: number | undefined

  /** The source has settled all before this offset. */
  settledBefore(source: string, lane: string, offset: string): void {
    this.#laneOf(`${source}/${lane}`).settledBefore(Number(offset))
  }

  /** Looks a record up, and stays with it: `count` is about the same one. */
  find(record: object, index: number, attempt: Attempt): Found {
    this.#place(provenanceOf(record), index, attempt)
    const book = this.#book
    if (book === undefined) return 'new'
    const same = this.#id
    for (let sibling = this.#siblingsOf(book, same, attempt); ; sibling++) {
      const id = sibling === 0 ? same : `${same}~${sibling}`
      const counted = book.get(this.#offset, id, this.#writtenMs)
      if (counted === null) return 'settled'
      // Of the same attempt: not the same record again, but another that was made of the same.
      if (counted?.attempt === attempt.token) continue
      if (sibling > 0) this.#ofSame = { book, id: same, token: attempt.token, sibling }
      if (counted === undefined) {
        this.#id = id
        return this.#recalled(attempt) ?? 'new'
      }
      this.#again(book, id, counted.answer, attempt)
      return counted.answer ?? 'settled'
    }
  }

  /** How many in a row before were made of the same: looked up one by one, n would cost n². */
  #siblingsOf(book: Book, id: RecordId, { token }: Attempt): number {
    const last = this.#ofSame
    if (last?.book !== book || last.id !== id || last.token !== token) return 0
    return last.sibling
  }

  /** The record that was found to be new counts from now on. */
  count(answer: Answer | null, attempt: Attempt): void {
    const book = this.#book
    if (book === undefined) return
    const counted = answer === null ? attempt.silent : { attempt: attempt.token, answer }
    book.add(this.#offset, this.#id, counted, this.#writtenMs)
    if (answer !== null) attempt.answered.push({ book, id: this.#id, counted })
    const { taken, source } = attempt
    if (this.#ofMqtt === undefined || taken === undefined) return
    this.#unsettled.add(taken, { source, provenance: this.#ofMqtt, answer })
  }

  /** The message was acknowledged: its records need no answer any more. */
  settled({ answered }: Attempt): void {
    for (const { book, id, counted } of answered)
      if (book.has(id, counted)) book.replace(id, { attempt: counted.attempt, answer: null })
    answered.length = 0
  }

  /** Its source has acknowledged this. True if the store has to forget something of it. */
  ended(taken: object): boolean {
    return this.#unsettled.settled(taken)
  }

  /** A source has lost what it took of this lane: it comes again as if it were new. */
  dropped(source: string, lane: string): void {
    this.#unsettled.dropped(source, lane)
  }

  changes(changes: Map<string, string | undefined>): void {
    for (const lane of this.#lanes.values()) lane.write(changes)
    this.#unsettled.changes(changes)
  }

  load(kept: Iterable<readonly [key: string, value: string]>): void {
    for (const [name, value] of kept) {
      this.#unsettled.load(name, value)
      if (name.startsWith('l:')) this.#laneOf(name.slice(2)).load(value)
      else if (name.startsWith('c:'))
        this.#laneOf(name.slice(2, name.lastIndexOf('#'))).loadChunk(name, value)
    }
  }

  /** Forgets what was counted; what comes again counts again. */
  clear(): void {
    this.#lanes.clear()
    this.#unsettled.clear()
    this.#books = new WeakMap()
    this.#lane = this.#ofSame = undefined
  }

  /** It was counted before the start. */
  #recalled(attempt: Attempt): Found | undefined {
    if (this.#ofMqtt === undefined) return undefined
    const { source, taken } = attempt
    const answer = this.#unsettled.recall({ source, provenance: this.#ofMqtt, taken })
    if (answer === undefined) return undefined
    this.count(answer, attempt)
    return answer ?? 'settled'
  }

  #again(book: Book, id: RecordId, answer: Answer | null, attempt: Attempt): void {
    const counted = answer === null ? attempt.silent : { attempt: attempt.token, answer }
    book.replace(id, counted)
    if (answer !== null) attempt.answered.push({ book, id, counted })
  }

  #place(provenance: Provenance | undefined, index: number, { taken, source }: Attempt): void {
    this.partition = ''
    this.arrivedMs = undefined
    this.#ofMqtt = undefined
    if (provenance === undefined) {
      this.#book = taken === undefined ? undefined : this.#bookOf(taken)
      this.#id = `#${index}`
      return
    }
    const { place, batch } = provenance
    const from = provenance.taken
    const { origin } = from
    if (origin.kind !== 'kafka') {
      const isMade = batch.isMade && taken !== undefined
      if (origin.kind === 'mqtt' && origin.qos > 0 && !batch.isMade) this.#ofMqtt = provenance
      this.#book = this.#bookOf(isMade ? taken : batch)
      if (isMade) this.#id = `#${index}`
      else this.#id = place === undefined ? provenance.index : `${provenance.index}/${place}`
      return
    }
    const lane = this.#laneIn(source, origin.topic, origin.partition)
    this.#book = lane
    this.partition = lane.name
    this.#offset = Number(origin.offset)
    this.#id = place === undefined ? this.#offset : `${this.#offset}/${place}`
    this.#writtenMs = Number(from.writtenMs ?? origin.timestamp)
    // A topic may have no times: -1, or 0 for records that were made up.
    if (this.#writtenMs > 0) this.arrivedMs = this.#writtenMs
  }

  #bookOf(taken: object): MemoryBook {
    let book = this.#books.get(taken)
    if (book === undefined) {
      book = new MemoryBook()
      this.#books.set(taken, book)
    }
    return book
  }

  #laneIn(source: string, topic: string, partition: number): Lane {
    const last = this.#lane
    if (
      last !== undefined &&
      last.partition === partition &&
      last.topic === topic &&
      last.source === source
    )
      return last.lane
    const lane = this.#laneOf(`${source}/${topic}/${partition}`)
    this.#lane = { source, topic, partition, lane }
    return lane
  }

  #laneOf(name: string): Lane {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new Lane(name)
      this.#lanes.set(name, lane)
    }
    return lane
  }
}

/** Of what has no offsets: there as long as what the source took. */
class MemoryBook implements Book {
  readonly #counted = new Map<RecordId, Counted>()

  get(_offset: number, id: RecordId): Counted | undefined {
    return this.#counted.get(id)
  }
  add(_offset: number, id: RecordId, counted: Counted): void {
    this.#counted.set(id, counted)
  }
  replace(id: RecordId, counted: Counted): void {
    this.#counted.set(id, counted)
  }
  has(id: RecordId, counted: Counted): boolean {
    return this.#counted.get(id) === counted
  }
}
