/** What fleets send, and the rows that are right; by settings of dialogs alone. */
import type { PresetName } from '../../nodes/reshape/presets.ts'

/** Stands for the time that the record has in the raw topic. */
export const RAW = 'raw time'
export type Row = readonly [time: string, device: string, metric: string, value: number]

export interface ShapeCase {
  readonly name: string
  readonly topic: string
  readonly payload: string
  readonly decode?: Readonly<Record<string, unknown>>
  readonly preset?: PresetName
  readonly reshape?: Readonly<Record<string, unknown>>
  readonly normalize?: Readonly<Record<string, unknown>>
  readonly rows: readonly Row[]
}

export const SHAPES: readonly ShapeCase[] = [
  {
    name: 'shape-tasmota: one message, many metrics, local time',
    topic: 'tele/dev1/SENSOR',
    payload:
      '{"Time":"2023-08-20T11:09:47","DS18B20":{"Id":"3CE100000000","Temperature":27.9},"BME280":{"Temperature":27.8,"Humidity":54.5},"TempUnit":"C"}',
    preset: 'tasmota',
    normalize: { zoneFrom: 'fixed', zone: 'Europe/Berlin' },
    rows: [
      ['2023-08-20T09:09:47Z', 'dev1', 'BME280.Humidity', 54.5],
      ['2023-08-20T09:09:47Z', 'dev1', 'BME280.Temperature', 27.8],
      ['2023-08-20T09:09:47Z', 'dev1', 'DS18B20.Temperature', 27.9]
    ]
  },
  {
    name: 'shape-opcua-per-metric-time: each metric has its own time',
    topic: 'azure-iot-operations/data/thermostat',
    payload:
      '{"temperature":{"SourceTimestamp":"2024-07-29T15:02:17.1858435Z","Value":4558},"Tag 10":{"SourceTimestamp":"2024-07-29T15:02:17.1858869Z","Value":4558}}',
    preset: 'azure',
    rows: [
      ['2024-07-29T15:02:17.185886Z', 'thermostat', 'Tag 10', 4558],
      ['2024-07-29T15:02:17.185843Z', 'thermostat', 'temperature', 4558]
    ]
  },
  {
    name: 'shape-values-array: a list of readings inside an object',
    topic: 'kep/line1',
    payload:
      '{"timestamp":1541021024224,"values":[{"id":"A.B","t":1541021024193,"v":7},{"id":"A.C","t":1541021024193,"v":0}]}',
    preset: 'kepserver',
    reshape: { topic: 'kep/{device_id}' },
    rows: [
      ['2018-10-31T21:23:44.193Z', 'line1', 'A.B', 7],
      ['2018-10-31T21:23:44.193Z', 'line1', 'A.C', 0]
    ]
  },
  {
    name: 'shape-array-of-ts-values: a list at the top, a bad element rejected alone',
    topic: 'v1/gw/dev9',
    payload:
      '[{"ts":1451649600512,"values":{"temperature":42.2,"humidity":70}},7,{"ts":1451649601000,"values":{"temperature":42.3,"humidity":72}}]',
    decode: { at: 'list' },
    preset: 'thingsboard-time',
    reshape: { sources: [], topic: 'v1/gw/{device_id}' },
    rows: [
      ['2016-01-01T12:00:00.512Z', 'dev9', 'humidity', 70],
      ['2016-01-01T12:00:01Z', 'dev9', 'humidity', 72],
      ['2016-01-01T12:00:00.512Z', 'dev9', 'temperature', 42.2],
      ['2016-01-01T12:00:01Z', 'dev9', 'temperature', 42.3]
    ]
  },
  {
    name: 'shape-battery-list: readings of many devices without a time',
    topic: 'N/portal/system/0/Batteries',
    payload:
      '{"value":[{"id":"com.example.can1","soc":74.0,"voltage":49.81},{"id":"com.example.can2","soc":70.0,"voltage":49.7}]}',
    reshape: {
      recordsAt: 'list',
      listPath: 'value',
      keep: [{ from: 'id', to: 'device_id' }]
    },
    normalize: { missing: 'kafka' },
    rows: [
      [RAW, 'com.example.can1', 'soc', 74],
      [RAW, 'com.example.can1', 'voltage', 49.81],
      [RAW, 'com.example.can2', 'soc', 70],
      [RAW, 'com.example.can2', 'voltage', 49.7]
    ]
  },
  {
    name: 'shape-scalar: a bare value',
    topic: 'home/kitchen/sensor/temperature/state',
    payload: '23.5',
    decode: { format: 'bare' },
    reshape: { mode: 'keep', topic: 'home/{device_id}/sensor/{metric}/state', keep: [] },
    normalize: { missing: 'kafka' },
    rows: [[RAW, 'kitchen', 'temperature', 23.5]]
  },
  {
    name: 'shape-topic-through-kafka: device and metric stand in the topic only',
    topic: 'sensors/hall/d7/temperature',
    payload: '{"value":21.5,"ts":1708700000}',
    reshape: { mode: 'keep', topic: 'sensors/{site}/{device_id}/{metric}', keep: [] },
    rows: [['2024-02-23T14:53:20Z', 'd7', 'temperature', 21.5]]
  },
  {
    name: 'shape-zigbee-no-time: a name with a slash, and no time in the message',
    topic: 'zigbee2mqtt/kitchen/lamp',
    payload: '{"temperature":8.77,"linkquality":94,"humidity":85.15,"battery":74}',
    preset: 'zigbee2mqtt',
    rows: [
      [RAW, 'kitchen/lamp', 'battery', 74],
      [RAW, 'kitchen/lamp', 'humidity', 85.15],
      [RAW, 'kitchen/lamp', 'linkquality', 94],
      [RAW, 'kitchen/lamp', 'temperature', 8.77]
    ]
  }
]

/** Without zeros at the end of the fraction. */
export const short = (time: string) => time.replace(/\.?0*Z$/, 'Z').replace(/:0?Z$/, ':00Z')
