/**
 * The few MQTT 5 packets that the publisher needs, encoded before the clock starts (OASIS MQTT 5.0,
 * chapter 3).
 */
import { deviceOf, payloadOf, preparedTime, type Shape, topicOf } from '../fleet.ts'

const CONNECT = 0x10
const PUBLISH_QOS_1 = 0x32
export const PUBACK = 0x40
export const CONNACK = 0x20

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function remainingLength(length: number): Buffer {
  const bytes: number[] = []
  let rest = length
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.from(bytes)
}

export function connectPacket(clientId: string, user?: string, password?: string): Buffer {
  const cleanStart = 0x02
  const flags = cleanStart | (user ? 0x80 : 0) | (password ? 0x40 : 0)
  const noKeepAlive = [0, 0]
  const noProperties = 0
  const parts = [
    text('MQTT'),
    Buffer.from([5, flags, ...noKeepAlive, noProperties]),
    text(clientId)
  ]
  if (user) parts.push(text(user))
  if (password) parts.push(text(password))
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([CONNECT]), remainingLength(body.length), body])
}

export interface Packets {
  readonly bytes: Buffer
  /** Where packet n begins; one more entry than packets. */
  readonly starts: Uint32Array
}

/**
 * PUBLISH packets of QoS 1 for `count` records from `from` on, every `step`th, one behind the
 * other.
 */
export function publishPackets(
  from: number,
  count: number,
  step: number,
  shape: Shape,
  firstMs: number
): Packets {
  const starts = new Uint32Array(count + 1)
  let bytes = Buffer.allocUnsafe(count * (payloadOf(from, firstMs, shape).length + 100) + 1_000)
  let at = 0
  for (let index = 0; index < count; index++) {
    const sequence = from + index * step
    const topic = topicOf(deviceOf(sequence, shape))
    const payload = payloadOf(sequence, preparedTime(sequence, firstMs), shape)
    const length = 2 + topic.length + 2 + 1 + payload.length
    if (at + length + 5 > bytes.length)
      bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)])
    at = bytes.writeUInt8(PUBLISH_QOS_1, at)
    at += remainingLength(length).copy(bytes, at)
    at = bytes.writeUInt16BE(topic.length, at)
    at += bytes.write(topic, at, 'latin1')
    at = bytes.writeUInt16BE((index % 65_535) + 1, at)
    at = bytes.writeUInt8(0, at)
    at += bytes.write(payload, at, 'latin1')
    starts[index + 1] = at
  }
  return { bytes: bytes.subarray(0, at), starts }
}

const TIME_DIGITS = 13

/**
 * Writes the time of sending over the `ts` of one packet; it stands at the payload's end, before
 * the brace.
 */
export function stamp({ bytes, starts }: Packets, index: number, nowMs: number): void {
  bytes.write(String(nowMs), starts[index + 1]! - 1 - TIME_DIGITS, 'latin1')
}
