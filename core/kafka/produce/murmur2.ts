const SEED = 0x9747b28c | 0
const M = 0x5bd1e995
const encoder = new TextEncoder()

/**
 * The hash that Kafka's own clients choose a partition with, as a signed 32-bit integer. Text is
 * hashed as UTF-8. Source: org.apache.kafka.common.utils.Utils.murmur2.
 */
export function murmur2(key: Uint8Array | string): number {
  const data = typeof key === 'string' ? encoder.encode(key) : key
  const { length } = data
  const whole = length & ~3
  let h = SEED ^ length
  for (let at = 0; at < whole; at += 4) {
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length - whole
  if (rest === 3) h ^= data[whole + 2]! << 16
  if (rest >= 2) h ^= data[whole + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ data[whole]!, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

/**
 * A non-negative integer; the partition is its remainder by the number of partitions. Nothing is
 * remembered: for a hundred thousand devices that takes longer than the hash itself, of a short
 * text of ASCII.
 */
export const hashOf = (key: Buffer | string): number =>
  murmur2(typeof key === 'string' && key.length <= SHORT ? shortBytes(key) : key) & 0x7fffffff

/** Up to so many characters a loop is faster than a call into Node. */
const SHORT = 64
const room = Array.from({ length: SHORT + 1 }, (_, length) => new Uint8Array(length))

/** The text itself where it is not all ASCII. */
function shortBytes(text: string): Uint8Array | string {
  const bytes = room[text.length]!
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 128) return text
    bytes[index] = code
  }
  return bytes
}
