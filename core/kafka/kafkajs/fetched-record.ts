import { setHeader } from '../../record/record.ts'

/** What a record has of the batch it came in. */
export interface BatchContext {
  readonly firstOffset: number
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  /** The broker's time counts for all records of the batch, and it is the last one. */
  readonly isAppendTime: boolean
  readonly isControlBatch: boolean
  /** These two tell kafkajs, and `hideAborted`, of transactions. */
  readonly producerId: string
  readonly inTransaction: boolean
}

type HeaderValue = Buffer | null

/**
 * A record as it was fetched: where its parts stand in the bytes of the fetch. Each part is made
 * when somebody asks for it, since a Buffer costs as much as reading five numbers, and most parts
 * are never asked for.
 */
export class FetchedRecord {
  isControlRecord: boolean
  /** Asked for several times: for its length, to look at, to read. */
  private kept: Buffer | undefined = undefined

  constructor(
    readonly batchContext: BatchContext,
    private readonly bytes: Buffer,
    private readonly timestampDelta: number,
    private readonly offsetDelta: number,
    /** Where the length of the key stands. */
    private readonly keyAt: number,
    private readonly valueAt: number,
    /** -1 for null. */
    private readonly valueLength: number
  ) {
    this.isControlRecord = batchContext.isControlBatch
  }

  get offset(): string {
    return String(this.batchContext.firstOffset + this.offsetDelta)
  }
  /** Milliseconds since 1970. */
  get timestamp(): string {
    const { isAppendTime, maxTimestamp, firstTimestamp } = this.batchContext
    return textOf(isAppendTime ? maxTimestamp : firstTimestamp + this.timestampDelta)
  }
  get key(): Buffer | null {
    at = this.keyAt
    return part(this.bytes)
  }
  get value(): Buffer | null {
    if (this.valueLength < 0) return null
    this.kept ??= this.bytes.subarray(this.valueAt, this.valueAt + this.valueLength)
    return this.kept
  }
  /** A header that is there several times is a list. Made anew each time. */
  get headers(): Record<string, HeaderValue | HeaderValue[]> {
    at = this.valueAt + Math.max(this.valueLength, 0)
    return headers(this.bytes)
  }
}

let at = 0
let lastMs = 0
let lastText = '0'

/** Records that come together have the same time, or one that is near. */
function textOf(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms
    lastText = String(ms)
  }
  return lastText
}

/**
 * The records of a batch of the format v2 (https://kafka.apache.org/documentation/#record), which
 * stand from `from` to `end`, added to `records`.
 * @throws RangeError for bytes that are no records
 */
export function readRecords(
  bytes: Buffer,
  from: number,
  end: number,
  count: number,
  batch: BatchContext,
  records: FetchedRecord[]
): void {
  at = from
  for (let left = count; left > 0; left--) {
    const length = number(bytes)
    const next = at + length
    if (!(length > 0 && next <= end)) throw new RangeError('A record batch of Kafka is damaged')
    at++
    const timestampDelta = number(bytes)
    const offsetDelta = number(bytes)
    const keyAt = at
    const keyLength = number(bytes)
    at += Math.max(keyLength, 0)
    const valueLength = number(bytes)
    records.push(
      new FetchedRecord(batch, bytes, timestampDelta, offsetDelta, keyAt, at, valueLength)
    )
    at = next
  }
}

/** Zigzag varint, exact up to 2^52: offsets and milliseconds stay far below. */
function number(bytes: Buffer): number {
  let byte = bytes[at++]!
  if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
  let value = byte & 127
  for (let factor = 128; byte >= 128; factor *= 128) {
    byte = bytes[at++]!
    value += (byte & 127) * factor
  }
  return value % 2 === 0 ? value / 2 : (value + 1) / -2
}

function part(bytes: Buffer): Buffer | null {
  const length = number(bytes)
  if (length < 0) return null
  const start = at
  at += length
  return bytes.subarray(start, at)
}

function headers(bytes: Buffer): Record<string, HeaderValue | HeaderValue[]> {
  const found: Record<string, HeaderValue | HeaderValue[]> = {}
  for (let count = number(bytes); count > 0 && at < bytes.length; count--) {
    const name = headerName(bytes, number(bytes))
    const value = part(bytes)
    const known = Object.hasOwn(found, name) ? found[name] : undefined
    if (known === undefined) setHeader(found, name, value)
    else if (Array.isArray(known)) known.push(value)
    else setHeader(found, name, [known, value])
  }
  return found
}

/** Of the header that was read last: most records have the same. */
let lastName = ''
let lastBytes: Buffer = Buffer.alloc(0)

function headerName(bytes: Buffer, length: number): string {
  const start = at
  at += length
  if (length === lastBytes.length && isLastName(bytes, start)) return lastName
  lastName = bytes.toString('utf8', start, at)
  lastBytes = Buffer.from(bytes.subarray(start, at))
  return lastName
}

function isLastName(bytes: Buffer, start: number): boolean {
  for (let index = 0; index < lastBytes.length; index++)
    if (bytes[start + index] !== lastBytes[index]) return false
  return true
}
