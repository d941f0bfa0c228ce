import type { Family } from '../core/node/spec.ts'

/**
 * One colour a family, in the range of Node-RED's own palette: light enough for black labels, dark
 * enough for white icons.
 */
export const COLOURS: Readonly<Record<Family, string>> = {
  mqtt: '#c8a8d8',
  amqp: '#c3b78f',
  aws: '#e0bd9a',
  coap: '#9fbfc6',
  archive: '#b9b3c9',
  sparkplug: '#d9a3c0',
  http: '#a9b4e0',
  kafka: '#93b5d9',
  timescale: '#e6b567',
  influx: '#cfc35f',
  transform: '#8cc5b4',
  observe: '#a3bb8c',
  delivery: '#dba08e'
}
