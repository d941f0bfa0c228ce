import type { HttpAnswer } from './answer.ts'

const VERSION = { 'X-Influxdb-Version': '2.7.0', 'X-Influxdb-Build': 'OSS' }

/** What a client of InfluxDB is told that asks whether somebody is there, in its own words. */
export function presence(path: string, isOpen: boolean): HttpAnswer {
  if (!isOpen) {
    const body = { name: 'http ingest', status: 'fail', message: 'not started', checks: [] }
    return { status: 503, headers: { ...VERSION, 'Retry-After': '1' }, body }
  }
  if (path.endsWith('ping')) return { status: 204, headers: VERSION, body: undefined }
  const body = { name: 'http ingest', status: 'pass', message: 'ready for writes', checks: [] }
  return { status: 200, headers: VERSION, body }
}
