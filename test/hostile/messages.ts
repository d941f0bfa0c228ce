/** Messages that a broken or malicious device may send, among good ones. */
import fc from 'fast-check'
import { deviceId } from '../pipeline/readings.ts'
import { type HostileMessage, type Plain, stored } from './fates.ts'
import { PAYLOADS } from './payloads.ts'
import { PROPERTIES, TOPICS } from './surroundings.ts'

const METRICS = ['temperature_c', 'humidity_pct', 'pressure_hpa', 'battery_v']
/** Whole milliseconds apart that no single changed digit bridges. */
const APART_MS = 1009
/** One in so many is hostile. */
const HOSTILE_EVERY = 3

export const KINDS = { ...PAYLOADS, ...TOPICS, ...PROPERTIES }

/** `count` messages; the same seed and time give the same. */
export function hostileMessages(count: number, seed: number, nowMs: number): HostileMessage[] {
  const kinds = Object.entries(KINDS)
  return Array.from({ length: count }, (_, n) => {
    const device_id = deviceId(n)
    const metric = METRICS[Math.floor(n / 200) % METRICS.length]!
    const plain: Plain = { device_id, metric, value: n + 0.5, ts: nowMs - (n + 1) * APART_MS, n }
    const good = {
      kind: 'good',
      topic: `acme/site-01/${metric}/${device_id}/reading`,
      payload: JSON.stringify(plain),
      fate: stored(plain),
      ts: plain.ts,
      value: plain.value
    }
    if (n % HOSTILE_EVERY !== HOSTILE_EVERY - 1) return good
    const [kind, make] = kinds[Math.floor(n / HOSTILE_EVERY) % kinds.length]!
    const drawn = { numRuns: 1, seed: seed * 1_000_003 + n }
    return { ...good, kind, ...make(plain, arbitrary => fc.sample(arbitrary, drawn)[0]!) }
  })
}
