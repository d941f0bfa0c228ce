import type { Received } from './session-memory.ts'

const PUBLISH = 3
const RETAIN = 1
const DUP = 8

/** A length has four bytes at most (MQTT 5.0, 1.5.5). */
const LENGTH_BYTES = 4

/** No packet can begin so; whoever reads on reads rubbish. */
export const NO_PACKET = -1

/**
 * Where the packet ends that begins at `at`; undefined while its length has not come whole, or
 * `NO_PACKET`.
 */
export function frameEnd(bytes: Uint8Array, at: number): number | undefined {
  let length = 0
  let factor = 1
  for (let index = at + 1; index <= at + LENGTH_BYTES; index++) {
    const byte = bytes[index]
    if (byte === undefined) return undefined
    length += (byte & 127) * factor
    if (byte < 128) return index + 1 + length
    factor *= 128
  }
  return NO_PACKET
}

/** Whether a packet that begins with this byte is a PUBLISH, of a quality of service there is. */
export const isPublish = (first: number): boolean => first >> 4 === PUBLISH && qosOf(first) < 3

const qosOf = (first: number): number => (first >> 1) & 3

/**
 * The message in a PUBLISH packet (MQTT 5.0, 3.3), whose bytes stand from `at` to `end`, as mqtt.js
 * would give it. Undefined for what is rare: properties, and whatever is not as it should be.
 */
export function publishIn(
  bytes: Buffer,
  at: number,
  end: number,
  hasProperties: boolean
): Received | undefined {
  const first = bytes[at]!
  const qos = qosOf(first) as 0 | 1 | 2
  let body = at + 1
  while (bytes[body++]! > 127) {}
  const topicAt = body + 2
  const topicEnd = topicAt + ((bytes[body]! << 8) | bytes[body + 1]!)
  const payloadAt = topicEnd + (qos === 0 ? 0 : 2) + (hasProperties ? 1 : 0)
  // An empty topic stands for an alias, which is a property.
  if (payloadAt > end || topicEnd === topicAt) return undefined
  if (hasProperties && bytes[payloadAt - 1] !== 0) return undefined
  return {
    cmd: 'publish',
    retain: (first & RETAIN) !== 0,
    qos,
    dup: (first & DUP) !== 0,
    length: end - body,
    topic: bytes.toString('utf8', topicAt, topicEnd),
    payload: bytes.subarray(payloadAt, end),
    messageId: qos === 0 ? undefined : (bytes[topicEnd]! << 8) | bytes[topicEnd + 1]!
  } as Received
}
