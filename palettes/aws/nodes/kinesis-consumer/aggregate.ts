import { createHash } from 'node:crypto'

/**
 * Records that the Kinesis Producer Library has put into one, to fill it: its magic number, a
 * message of Protobuf, and the MD5 of that.
 * https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 */
const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])
const DIGEST_BYTES = 16

/** A record as its producer gave it to the library. */
export interface UserRecord {
  readonly key: string
  readonly data: Buffer
}

/** The message within; undefined for a record that is no such one. */
export function aggregateIn(data: Buffer): Buffer | undefined {
  if (data.length < MAGIC.length + DIGEST_BYTES || !data.subarray(0, 4).equals(MAGIC))
    return undefined
  const message = data.subarray(MAGIC.length, data.length - DIGEST_BYTES)
  const digest = createHash('md5').update(message).digest()
  return digest.equals(data.subarray(data.length - DIGEST_BYTES)) ? message : undefined
}

const PARTITION_KEYS = 1
const RECORDS = 3
const KEY_INDEX = 1
const DATA = 3

/** Its records, one after the other. @throws Error where the message is broken */
export function* userRecordsOf(message: Buffer): Generator<UserRecord> {
  const keys: string[] = []
  for (const { field, bytes } of fieldsOf(message))
    if (field === PARTITION_KEYS && bytes !== undefined) keys.push(bytes.toString())
  for (const { field, bytes } of fieldsOf(message))
    if (field === RECORDS && bytes !== undefined) yield userRecordOf(bytes, keys)
}

function userRecordOf(message: Buffer, keys: readonly string[]): UserRecord {
  let [index, data]: [number, Buffer | undefined] = [0, undefined]
  for (const { field, bytes, number } of fieldsOf(message)) {
    if (field === KEY_INDEX && number !== undefined) index = number
    if (field === DATA && bytes !== undefined) data = bytes
  }
  const key = keys[index]
  if (key === undefined || data === undefined)
    throw new Error('a record in it has no data, or a key that is not there')
  return { key, data }
}

interface Part {
  readonly field: number
  readonly bytes?: Buffer
  readonly number?: number
}

/** The fields of a message of Protobuf, of the two wire types that stand here. */
function* fieldsOf(message: Buffer): Generator<Part> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Error('a number in it has no end')
  }
  while (at < message.length) {
    const tag = varint()
    const [field, type] = [tag >>> 3, tag & 7]
    const number = varint()
    if (type === 0) yield { field, number }
    else if (type === 2 && at + number <= message.length) {
      yield { field, bytes: message.subarray(at, at + number) }
      at += number
    } else throw new Error('a field in it is longer than the whole')
  }
}
