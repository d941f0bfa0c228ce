/** A fleet's readings, with all that goes wrong in the field, and what must become of each. */
import type { Publication } from '../publish.ts'

/**
 * Stored once, or in the dead-letter topic with this code; with other bytes where it was rejected
 * after it had been made a clean record.
 */
export type Fate =
  | {
      readonly stored: {
        time: string
        device_id: string
        location: string
        metric: string
        value: number
      }
    }
  | { readonly code: string; readonly bytes?: string }

export interface Reading extends Publication {
  readonly kind: string
  readonly fate: Fate
}

const METRICS = ['temperature_c', 'humidity_pct', 'pressure_hpa', 'battery_v']
const HOUR_MS = 3_600_000

/** The devices that the pipeline's registry knows: sensor-001 to sensor-200. */
export const deviceId = (index: number) => `sensor-${String((index % 200) + 1).padStart(3, '0')}`
export const locationOf = (id: string) =>
  `hall ${String.fromCharCode(65 + ((Number(id.slice(-3)) - 1) % 8))}`

interface Plain {
  device_id: string
  metric: string
  value: number
  ts: number
}

/** One reading of a kind; `index` makes it unlike any other. */
type Kind = (
  plain: Plain,
  index: number
) => { payload: Buffer | string; fate: Fate; topic?: string; twice?: boolean }

const stored = ({ device_id, metric, value, ts }: Plain): Extract<Fate, { stored: object }> => ({
  stored: {
    time: new Date(ts).toISOString(),
    device_id,
    location: locationOf(device_id),
    metric,
    value
  }
})
const json = (plain: object) => JSON.stringify(plain)

const KINDS: Record<string, Kind> = {
  good: plain => ({ payload: json(plain), fate: stored(plain) }),
  'published twice': plain => ({ payload: json(plain), fate: stored(plain), twice: true }),
  late: plain => {
    const late = { ...plain, ts: plain.ts - 26 * HOUR_MS }
    return { payload: json(late), fate: stored(late) }
  },
  'in seconds': plain => {
    const whole = { ...plain, ts: Math.floor(plain.ts / 1000) * 1000 }
    return { payload: json({ ...whole, ts: whole.ts / 1000 }), fate: stored(whole) }
  },
  'without a zone': plain => ({
    payload: json({ ...plain, ts: new Date(plain.ts).toISOString().slice(0, -1) }),
    fate: stored(plain)
  }),
  'with a zone': plain => {
    const local = new Date(plain.ts + 2 * HOUR_MS).toISOString().replace('Z', '+02:00')
    return { payload: json({ ...plain, ts: local }), fate: stored(plain) }
  },
  'clock in the future': plain => ({
    payload: json({ ...plain, ts: plain.ts + 3 * HOUR_MS }),
    fate: { code: 'TS_FUTURE' }
  }),
  'clock twenty years behind': plain => ({
    payload: json({ ...plain, ts: plain.ts - 20 * 365 * 24 * HOUR_MS }),
    fate: { code: 'TS_PAST' }
  }),
  'impossible time': plain => ({
    payload: json({ ...plain, ts: '2026-13-45T99:00:00Z' }),
    fate: { code: 'TS_UNPARSABLE' }
  }),
  'cut off': plain => ({ payload: json(plain).slice(0, -9), fate: { code: 'JSON_INVALID' } }),
  'not JSON': (_plain, index) => ({
    payload: Buffer.from([0xff, 0x00, 0xfe, index & 0xff, (index >> 8) & 0xff]),
    fate: { code: 'JSON_INVALID' }
  }),
  'NaN as value': plain => ({
    payload: json(plain).replace(/"value":[^,]+/, '"value":NaN'),
    fate: { code: 'JSON_INVALID' }
  }),
  'an array': plain => ({ payload: json([plain]), fate: { code: 'NOT_A_RECORD' } }),
  'a number': (_plain, index) => ({ payload: String(index), fate: { code: 'NOT_A_RECORD' } }),
  'without value': ({ value: _, ...plain }) => ({
    payload: json(plain),
    fate: { code: 'FIELD_MISSING' }
  }),
  'value as text': plain => ({
    payload: json({ ...plain, value: 'high' }),
    fate: { code: 'FIELD_TYPE' }
  }),
  '__proto__ as key': plain => ({
    payload: json(plain).replace('{', '{"__proto__":{"admin":true},'),
    fate: { code: 'KEY_FORBIDDEN' }
  }),
  'nested 10,000 deep': plain => ({
    payload: json(plain).replace('{', `{"deep":${'['.repeat(10_000)}${']'.repeat(10_000)},`),
    fate: { code: 'PAYLOAD_TOO_DEEP' }
  }),
  'NUL in a text': plain => {
    const odd = { ...plain, metric: 'temp\u0000erature' }
    const clean = {
      ...odd,
      ts_utc: new Date(plain.ts).toISOString(),
      location: locationOf(plain.device_id)
    }
    return { payload: json(odd), fate: { code: 'COLUMN_NUL', bytes: json(clean) } }
  },
  'unknown device': (plain, index) => {
    const strange = { ...plain, device_id: `stranger-${index}` }
    return {
      payload: json(strange),
      fate: { stored: { ...stored(strange).stored, location: 'unknown' } }
    }
  },
  'other topic': plain => ({
    payload: json(plain),
    topic: `acme/site-01/${plain.device_id}/reading`,
    fate: { code: 'TOPIC_MISMATCH' }
  }),
  empty: () => ({ payload: '', fate: { code: 'PAYLOAD_EMPTY' } })
}

/** One in so many is of a kind that is not plain good. */
const EVERY = 8
/**
 * The first costs 10 kB each; of the second, one device's are all the same, and would count as
 * repeated. A few are enough.
 */
const RARE = new Set(['nested 10,000 deep', 'empty'])

/**
 * `count` readings, the last of which was measured at `nowMs`. Every (device, metric, time) is
 * there once.
 */
export function readings(count: number, nowMs: number): Reading[] {
  const odd = Object.keys(KINDS).filter(kind => kind !== 'good')
  const made: Reading[] = []
  for (let index = 0; made.length < count; index++) {
    let kind = index % EVERY === EVERY - 1 ? odd[Math.floor(index / EVERY) % odd.length]! : 'good'
    if (RARE.has(kind) && index > 2000) kind = 'good'
    const device_id = deviceId(index)
    const metric = METRICS[Math.floor(index / 200) % METRICS.length]!
    const plain = {
      device_id,
      metric,
      value: Math.round(Math.sin(index) * 1000) / 100,
      ts: nowMs - Math.floor(index / 800) * 10_000 - (index % 800)
    }
    const {
      payload,
      fate,
      topic = `acme/site-01/${metric.split('_')[0]}/${device_id}/reading`,
      twice
    } = KINDS[kind]!(plain, index)
    const reading = { kind, topic, payload, fate }
    made.push(reading)
    if (twice && made.length < count) made.push(reading)
  }
  return made
}
