import { loadModule } from '../../load-module.ts'
import { crc32c } from './crc32c.ts'
import { type EncodableRecord, putRecord } from './record-encoder.ts'
import { RequestBody } from './request-frame.ts'
import { Wire } from './wire.ts'

/** What kafkajs writes in one request. */
export interface ProduceContent {
  readonly acks: number
  readonly timeout: number
  readonly transactionalId?: string | null
  /** kafkajs' own number of 64 bits, whose text is the number. */
  readonly producerId?: { toString(): string } | undefined
  readonly producerEpoch?: number
  readonly compression?: number
  readonly topicData: readonly TopicData[]
}
interface TopicData {
  readonly topic: string
  readonly partitions: readonly PartitionData[]
}
interface PartitionData {
  readonly partition: number
  readonly firstSequence?: number
  readonly messages: readonly TimedRecord[]
}
interface TimedRecord extends EncodableRecord {
  /** Milliseconds since 1970; the time of sending where it is absent. */
  readonly timestamp?: string | number | undefined
}

const PRODUCE = 0
const VERSION = 3
const MAGIC = 2
const CODEC_MASK = 7
const TRANSACTIONAL = 16
/** In a record batch: what its length and its checksum stand before, and its first record. */
const BEHIND_LENGTH = 12
const AT_CRC = 17
const BEHIND_CRC = 21
const BATCH_HEAD = 61

/** There is one thread, and a request is written in one go: all of them use these bytes in turn. */
const wire = new Wire()

/**
 * The body of a Produce request, version 3, on which the later versions of kafkajs build
 * (https://kafka.apache.org/protocol#The_Messages_Produce). kafkajs writes each record, each batch,
 * each topic and the request into zeroed buffers of their own, each copied into the next; here all
 * is written once.
 */
export function produceRequest(content: ProduceContent) {
  return {
    apiKey: PRODUCE,
    apiVersion: VERSION,
    apiName: 'Produce',
    expectResponse: () => content.acks !== 0,
    encode: async (): Promise<RequestBody> => {
      const packed = await compressed(content)
      return written(() => putBody(content, packed))
    }
  }
}

/** What `put` writes. */
function written(put: () => void): RequestBody {
  wire.clear()
  put()
  return RequestBody.of(wire.bytes, wire.at)
}

/** The records of a batch, compressed, and the times that they were written with. */
interface Compressed {
  readonly bytes: Buffer
  readonly times: Times
}
type Packed = ReadonlyMap<PartitionData, Compressed>

function putBody(content: ProduceContent, packed: Packed): void {
  const { acks, timeout, transactionalId = null, topicData } = content
  wire.string(transactionalId)
  wire.reserve(10)
  wire.int16(acks)
  wire.int32(timeout)
  wire.int32(topicData.length)
  for (const { topic, partitions } of topicData) {
    wire.string(topic)
    wire.reserve(4)
    wire.int32(partitions.length)
    for (const partition of partitions) putPartition(content, partition, packed.get(partition))
  }
}

function putPartition(content: ProduceContent, data: PartitionData, packed?: Compressed): void {
  wire.reserve(8 + BATCH_HEAD)
  wire.int32(data.partition)
  const start = wire.at + 4
  wire.at = start + BATCH_HEAD
  const times = packed?.times ?? timesOf(data.messages)
  if (packed === undefined) putRecords(data.messages, times)
  else putBytes(packed.bytes)
  putHead(start, content, data, times)
  wire.view.setInt32(start - 4, wire.at - start)
}

/** Once all of the batch stands behind it. */
function putHead(start: number, content: ProduceContent, data: PartitionData, times: Times): void {
  const { producerId = -1, producerEpoch = 0, compression = 0, transactionalId } = content
  const { firstSequence = 0, messages } = data
  const end = wire.at
  wire.at = start
  wire.int64(0n)
  wire.int32(end - start - BEHIND_LENGTH)
  wire.int32(0)
  wire.int8(MAGIC)
  wire.at = start + BEHIND_CRC
  wire.int16((compression & CODEC_MASK) | (transactionalId ? TRANSACTIONAL : 0))
  wire.int32(messages.length - 1)
  wire.int64(times.first)
  wire.int64(times.last)
  wire.int64(BigInt(producerId.toString()))
  wire.int16(producerEpoch)
  wire.int32(firstSequence)
  wire.int32(messages.length)
  wire.at = end
  wire.view.setUint32(start + AT_CRC, crc32c(wire.bytes, wire.view, start + BEHIND_CRC, end))
}

interface Times {
  readonly nowMs: number
  readonly first: number
  readonly last: number
}

function timesOf(messages: readonly TimedRecord[]): Times {
  const nowMs = Date.now()
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const message of messages) {
    const ms = timeOf(message, nowMs)
    if (ms < first) first = ms
    if (ms > last) last = ms
  }
  return first <= last ? { nowMs, first, last } : { nowMs, first: nowMs, last: nowMs }
}

const timeOf = ({ timestamp }: TimedRecord, nowMs: number): number => Number(timestamp || nowMs)

function putRecords(messages: readonly TimedRecord[], { nowMs, first }: Times): void {
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]!
    putRecord(wire, message, timeOf(message, nowMs) - first, index)
  }
}

function putBytes(bytes: Buffer): void {
  wire.reserve(bytes.length)
  wire.bytes.set(bytes, wire.at)
  wire.at += bytes.length
}

interface Codecs {
  lookupCodec(compression: number): { compress(encoder: { buffer: Buffer }): Promise<Buffer> }
}

/** The records of each partition, where they are compressed: that takes more than one turn. */
async function compressed({ compression = 0, topicData }: ProduceContent): Promise<Packed> {
  const packed = new Map<PartitionData, Compressed>()
  if ((compression & CODEC_MASK) === 0) return packed
  const { lookupCodec } = loadModule<Codecs>('kafkajs/src/protocol/message/compression')
  const codec = lookupCodec(compression)
  for (const data of topicData.flatMap(({ partitions }) => partitions)) {
    const times = timesOf(data.messages)
    const { buffer } = written(() => putRecords(data.messages, times))
    packed.set(data, { bytes: await codec.compress({ buffer }), times })
  }
  return packed
}
