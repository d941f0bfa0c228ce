import type { ArrivedBytes } from '../../core/format/decoder.ts'
import type { Reader } from '../../core/format/reader.ts'
import type { KafkaRecord } from '../../core/kafka/port.ts'
import { getter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { KeyRefusal } from './answer.ts'
import type { MetadataRow } from './metadata.ts'
import { keyText } from './table.ts'

export interface TopicRowsOptions {
  readonly topic: string
  readonly reader: Pick<Reader, 'read'>
  /** The field of the value that names the device; undefined where the key of the message does. */
  readonly keyField: string | undefined
  readonly maxKeys: number
  readonly maxBytes: number
}

/** When something was written, and where: of one partition the order counts, else the time. */
interface Written {
  readonly partition: number
  readonly writtenMs: number
}

/** What the newest record of a device says. */
interface Held extends Written {
  /** A refusal where it cannot be read, and nothing was known before. */
  readonly row: MetadataRow | KeyRefusal
  readonly bytes: number
  /** The key of the message that it came in, where a field names the device. */
  readonly messageKey: string | undefined
}

/** Longer names are of no device. */
const MAX_KEY_LENGTH = 1024
/** What an entry takes beside its texts. */
const ENTRY_BYTES = 200

/** The devices of a topic: of each what its newest record says. */
export class TopicRows {
  readonly #rows = new Map<string, Held>()
  /** The device of each key of a message, where they are not the same. */
  readonly #deviceOf = new Map<string, string>()
  readonly #get: ((record: object) => unknown) | undefined
  /** Until the topic was read to its end: what of another partition is older comes later. */
  #deleted: Deletions | undefined
  #bytes = 0
  #leftOut = 0
  #unreadable = 0
  #why = ''

  constructor(private readonly options: TopicRowsOptions) {
    const { keyField } = options
    this.#get = keyField === undefined ? undefined : getter(keyField)
    this.#deleted = new Deletions(options.maxKeys, options.maxBytes)
  }

  get size(): number {
    return this.#rows.size
  }
  get bytes(): number {
    return this.#bytes
  }
  /** Something found no place: what is not here may be in the topic. */
  get isFull(): boolean {
    return this.#leftOut > 0
  }
  /** How many records could not be read. */
  get unreadable(): number {
    return this.#unreadable
  }
  /** Why the last of them could not. */
  get why(): string {
    return this.#why
  }

  /** Null: there is no such device. */
  find(device: string): MetadataRow | KeyRefusal | null {
    const row = this.#rows.get(device)?.row
    if (row !== undefined) return row
    return this.isFull ? new KeyRefusal(this.fullSentence) : null
  }

  get fullSentence(): string {
    const megabytes = (this.#bytes / 1e6).toFixed(1)
    return `the table of the topic "${this.options.topic}" is full with ${this.size} devices and ${megabytes} MB`
  }

  /** From now on each partition is read at its end: nothing older than a deletion comes. */
  wasReadToEnd(): void {
    this.#deleted = undefined
  }

  take(record: KafkaRecord, partition: number): void {
    const messageKey = record.key?.toString(this.#get === undefined ? 'utf8' : 'latin1')
    const written: Written = { partition, writtenMs: Number(record.timestamp) }
    if (record.value === null) {
      this.#delete(messageKey, written)
      return
    }
    if (this.#deleted?.isOutdated(messageKey, written)) return
    const row = this.#read(record.value, record)
    const device = typeof row === 'string' ? undefined : this.#nameOf(row, messageKey)
    const why = typeof row === 'string' ? row : problemOf(device, this.options.keyField)
    if (why !== undefined) this.#refuse(why, record.offset, written, messageKey)
    else this.#put(device!, row as MetadataRow, written, messageKey)
  }

  /** A tombstone: deletes what came with this key. */
  #delete(messageKey: string | undefined, written: Written): void {
    if (messageKey === undefined || this.#deleted?.isOutdated(messageKey, written)) return
    const device = this.#get === undefined ? messageKey : this.#deviceOf.get(messageKey)
    if (device !== undefined && this.#isOutdated(device, messageKey, written)) return
    this.#deleted?.add(messageKey, written)
    this.#deviceOf.delete(messageKey)
    if (device !== undefined) this.#leave(device, messageKey)
  }

  /** The one record of a value, or why there is none. */
  #read(value: Buffer, { timestamp }: KafkaRecord): MetadataRow | string {
    const arrival: ArrivedBytes = { arrivedMs: Number(timestamp) }
    const items = this.options.reader.read(value, arrival)
    if (items.length !== 1) return `it holds ${items.length} records, and must hold one`
    const { record } = items[0]!
    return record instanceof ParseFailure ? record.message : (record as MetadataRow)
  }

  #nameOf(row: MetadataRow, messageKey: string | undefined): string | undefined {
    return this.#get === undefined ? messageKey : keyText(this.#get(row))
  }

  #put(device: string, row: MetadataRow, written: Written, messageKey: string | undefined): void {
    if (isOlder(written, this.#rows.get(device))) return
    const named = messageKey === undefined ? undefined : this.#deviceOf.get(messageKey)
    if (named !== undefined && this.#isOutdated(named, messageKey, written)) return
    if (messageKey !== undefined) this.#deleted?.remove(messageKey)
    this.#own(device, messageKey)
    const bytes = ENTRY_BYTES + 2 * device.length + 2 * (jsonText(row)?.length ?? 0)
    this.#add(device, { row, bytes, ...written, messageKey: this.#keyOf(messageKey) })
  }

  /** What the node does not know is better than what is outdated, and said to be refused. */
  #add(device: string, held: Held): void {
    const { maxKeys, maxBytes } = this.options
    this.#remove(device)
    if (this.#rows.size >= maxKeys || this.#bytes + held.bytes > maxBytes) {
      this.#leftOut++
      return
    }
    this.#rows.set(device, held)
    this.#bytes += held.bytes
  }

  /** A key that names another device than before says nothing of that one any more. */
  #own(device: string, messageKey: string | undefined): void {
    if (this.#get === undefined || messageKey === undefined) return
    const before = this.#deviceOf.get(messageKey)
    if (before !== undefined && before !== device) this.#leave(before, messageKey)
    if (this.#deviceOf.size < this.options.maxKeys) this.#deviceOf.set(messageKey, device)
  }

  #keyOf = (messageKey: string | undefined) => (this.#get === undefined ? undefined : messageKey)

  #leave(device: string, messageKey: string): void {
    if (this.#rows.get(device)?.messageKey === this.#keyOf(messageKey)) this.#remove(device)
  }

  /** What this key said of the device last is newer. */
  #isOutdated(device: string, messageKey: string | undefined, written: Written): boolean {
    const held = this.#rows.get(device)
    return held?.messageKey === this.#keyOf(messageKey) && isOlder(written, held)
  }

  #remove(device: string): void {
    const held = this.#rows.get(device)
    if (held === undefined) return
    this.#bytes -= held.bytes
    this.#rows.delete(device)
  }

  /** What was known of the device before still counts; one that was not known has its reason. */
  #refuse(why: string, offset: string, written: Written, messageKey: string | undefined): void {
    this.#unreadable++
    this.#why = `offset ${offset} of partition ${written.partition}: ${why}`
    const isNamed = this.#get === undefined && problemOf(messageKey, undefined) === undefined
    if (!isNamed || this.#rows.has(messageKey!)) return
    const row = new KeyRefusal(`its record in the topic cannot be read (${this.#why})`)
    const bytes = ENTRY_BYTES + 2 * messageKey!.length + 2 * row.why.length
    this.#add(messageKey!, { row, bytes, ...written, messageKey: undefined })
  }
}

/** Of two partitions the order is not known but by the time. */
const isOlder = (written: Written, known: Written | undefined): boolean =>
  known !== undefined &&
  known.partition !== written.partition &&
  written.writtenMs < known.writtenMs

/** Which keys of messages were deleted, and when: as many as a table may have devices. */
class Deletions {
  readonly #newest = new Map<string, Written>()
  #characters = 0

  constructor(
    private readonly maxKeys: number,
    private readonly maxBytes: number
  ) {}

  isOutdated(messageKey: string | undefined, written: Written): boolean {
    return messageKey !== undefined && isOlder(written, this.#newest.get(messageKey))
  }

  /** Where there are too many, those that came first are forgotten. */
  add(messageKey: string, written: Written): void {
    this.remove(messageKey)
    this.#newest.set(messageKey, written)
    this.#characters += messageKey.length
    for (const first of this.#newest.keys()) {
      const bytes = 2 * this.#characters + ENTRY_BYTES * this.#newest.size
      if (this.#newest.size <= this.maxKeys && bytes <= this.maxBytes) return
      this.remove(first)
    }
  }

  remove(messageKey: string): void {
    if (this.#newest.delete(messageKey)) this.#characters -= messageKey.length
  }
}

function problemOf(device: string | undefined, keyField: string | undefined): string | undefined {
  if (device === undefined || device === '')
    return keyField === undefined ? 'it has no key' : `its value names no device in ${keyField}`
  return device.length > MAX_KEY_LENGTH
    ? `the name of its device has more than ${MAX_KEY_LENGTH} characters`
    : undefined
}
