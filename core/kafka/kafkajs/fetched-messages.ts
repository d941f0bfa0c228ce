import { loadModule } from '../../load-module.ts'
import { type BatchContext, type FetchedRecord, readRecords } from './fetched-record.ts'

/** kafkajs' own reader. */
export interface ByteReader {
  readInt32(): number
  canReadBytes(bytes: number): boolean
  readBytes(bytes: number): Buffer
}

const MAGIC = 2
const AT_MAGIC = 16
/** In a record batch: what its length stands before, and its first record. */
const BEHIND_LENGTH = 12
const BATCH_HEAD = 61
const LOG_APPEND_TIME = 8
const TRANSACTIONAL = 16
const CONTROL = 32

/**
 * The records of one partition in the answer to a fetch
 * (https://kafka.apache.org/documentation/#recordbatch). kafkajs makes a reader and six Buffers for
 * each record; here a record is one object, and its parts are made when they are asked for.
 */
export async function fetchedMessages(reader: ByteReader): Promise<readonly object[]> {
  const size = reader.readInt32()
  if (size <= 0 || !reader.canReadBytes(size)) return []
  const bytes = reader.readBytes(size)
  if (bytes[AT_MAGIC] !== MAGIC) return oldMessages(bytes, size)
  const records = new FetchedRecords()
  for (let at = 0; at + BATCH_HEAD <= size; ) {
    const end = at + BEHIND_LENGTH + bytes.readInt32BE(at + 8)
    // The last batch may be cut, by the limit of bytes: it is fetched again.
    if (end > size || end < at + BATCH_HEAD) break
    await readBatch(bytes, at, end, records)
    at = end
  }
  return records
}

async function readBatch(
  bytes: Buffer,
  at: number,
  end: number,
  records: FetchedRecord[]
): Promise<void> {
  const attributes = bytes.readInt16BE(at + 21)
  const batch: BatchContext = {
    firstOffset: Number(bytes.readBigInt64BE(at)),
    firstTimestamp: Number(bytes.readBigInt64BE(at + 27)),
    maxTimestamp: Number(bytes.readBigInt64BE(at + 35)),
    isAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    isControlBatch: (attributes & CONTROL) !== 0,
    producerId: String(bytes.readBigInt64BE(at + 43)),
    inTransaction: (attributes & TRANSACTIONAL) !== 0
  }
  const count = bytes.readInt32BE(at + 57)
  if (count <= 0) return
  const codec = compression().lookupCodecByAttributes(attributes)
  if (codec === null) readRecords(bytes, at + BATCH_HEAD, end, count, batch, records)
  else {
    const unpacked = await codec.decompress(bytes.subarray(at + BATCH_HEAD, end))
    readRecords(unpacked, 0, unpacked.length, count, batch, records)
  }
}

interface Compression {
  lookupCodecByAttributes(attributes: number): { decompress(bytes: Buffer): Promise<Buffer> } | null
}
const compression = () => loadModule<Compression>('kafkajs/src/protocol/message/compression')

/** Of the formats before Kafka 0.11, which old topics may still have. */
function oldMessages(bytes: Buffer, size: number): Promise<readonly object[]> {
  type Read = (reader: object, size: number) => Promise<readonly object[]>
  const read = loadModule<Read>('kafkajs/src/protocol/messageSet/decoder')
  const Decoder = loadModule<new (bytes: Buffer) => object>('kafkajs/src/protocol/decoder')
  return read(new Decoder(bytes), size)
}

/**
 * A fetch may begin in the middle of a batch, and kafkajs leaves out what is before its offset: a
 * BigInt made of text, twice a record. Offsets rise, so the place is found here by halves.
 */
export class FetchedRecords extends Array<FetchedRecord> {
  static override get [Symbol.species]() {
    return Array
  }

  override filter<Found extends FetchedRecord>(
    isWithin: (record: FetchedRecord, index: number, all: FetchedRecord[]) => unknown
  ): Found[] {
    let from = 0
    let end = this.length
    if (end > 0 && isWithin(this[0]!, 0, this)) end = 0
    while (from < end) {
      const middle = (from + end) >> 1
      if (isWithin(this[middle]!, middle, this)) end = middle
      else from = middle + 1
    }
    return this.slice(from) as Found[]
  }
}
