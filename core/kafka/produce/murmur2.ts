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

/** Remembers the hashes of text keys: a fleet's few thousand device ids come again and again. */
export class KeyHashes {
  #known = new Map<string, number>()

  constructor(private readonly limit = 50_000) {}

  /** A non-negative integer; the partition is its remainder by the number of partitions. */
  of(key: Buffer | string): number {
    if (typeof key !== 'string') return murmur2(key) & 0x7fffffff
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= this.limit) this.#known = new Map()
    const hash = murmur2(key) & 0x7fffffff
    this.#known.set(key, hash)
    return hash
  }
}
