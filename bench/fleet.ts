/**
 * The records of every lane: a fleet of devices whose readings are numbered, so that each one can
 * be looked for at the end.
 */

export interface Shape {
  readonly devices: number
  /** Measured values in one record: `value`, then `value_2`, `value_3`, … */
  readonly values: number
  /** The payload is filled up to at least so many bytes with a `note`. */
  readonly payloadBytes: number
}

export const usualShape: Shape = { devices: 5_000, values: 1, payloadBytes: 0 }

const METRICS = ['temperature', 'humidity', 'pressure', 'vibration']
const SITES = 20
const TYPE = 'pressing-machine'

/** What the probes before a lane carry, so that no count takes them for a record of the lane. */
export const PROBE = -1

const site = (device: number) => `site-${String((device % SITES) + 1).padStart(2, '0')}`

export function deviceId(device: number): string {
  return `acme-${site(device)}-${TYPE}-${String(device).padStart(5, '0')}`
}

/** Of the form `{org}/{site}/{device_type}/{device_id}/{measurement}`. */
export function topicOf(device: number): string {
  return `acme/${site(device)}/${TYPE}/${deviceId(device)}/reading`
}

export const topicTemplate = '{org}/{site}/{device_type}/{device_id}/{measurement}'
export const topicFilter = 'acme/+/+/+/+'

export const deviceOf = (sequence: number, shape: Shape): number => sequence % shape.devices

/**
 * JSON of about 110 bytes in the usual shape: `{ device_id, metric, value, ts }`. `value` is the
 * sequence number. `ts` comes last and has 13 digits, so that the publisher can write the time of
 * sending over it.
 */
export function payloadOf(sequence: number, ts: number, shape: Shape): string {
  const device = deviceOf(Math.max(sequence, 0), shape)
  const metric = METRICS[Math.floor(Math.max(sequence, 0) / shape.devices) % METRICS.length]
  const head = `{"device_id":"${deviceId(device)}","metric":"${metric}","value":${sequence}`
  let more = ''
  for (let value = 2; value <= shape.values; value++)
    more += `,"value_${value}":${(sequence % 1000) + value / 100}`
  const tail = `,"ts":${ts}}`
  const missing = shape.payloadBytes - head.length - more.length - tail.length - ',"note":""'.length
  return missing > 0 ? `${head}${more},"note":"${'x'.repeat(missing)}"${tail}` : head + more + tail
}

/** As the clean topic holds it: the same with UTC text and location. */
export function cleanPayloadOf(sequence: number, ts: number, shape: Shape): string {
  const bare = payloadOf(sequence, ts, shape).slice(0, -1)
  return `${bare},"ts_utc":"${new Date(ts).toISOString()}","location":"${locationOf(deviceOf(sequence, shape))}"}`
}

const locationOf = (device: number) => `hall ${(device % 7) + 1}, row ${(device % 31) + 1}`

/** What the contestants get as META: device → what is known of it. */
export function metadata(shape: Shape): Record<string, { location: string }> {
  return Object.fromEntries(
    Array.from({ length: shape.devices }, (_, device) => [
      deviceId(device),
      { location: locationOf(device) }
    ])
  )
}

/**
 * The time of record `sequence` when `count` records are prepared beforehand: a millisecond each,
 * all of them in the past, so that no two records share device, metric and time, and none is
 * refused as coming from the future.
 */
export const preparedTime = (sequence: number, firstMs: number): number => firstMs + sequence
