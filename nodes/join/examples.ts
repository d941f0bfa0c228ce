import type { Example } from '../../core/node/spec.ts'

const at = (second: number, metric: string, value: unknown, more: object = {}) => ({
  device_id: 'a',
  location: 'hall 1',
  metric,
  value,
  ts_utc: `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`,
  ...more
})
const warm = (second: number, value: number, more?: object) =>
  at(second, 'temperature_c', value, more)
const damp = (second: number, value: number, more?: object) =>
  at(second, 'humidity_pct', value, more)
const both = (second: number, temperature_c: number, humidity_pct: number) => ({
  device_id: 'a',
  ts_utc: `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`,
  location: 'hall 1',
  temperature_c,
  humidity_pct
})

export const EXAMPLES: readonly Example[] = [
  {
    name: 'temperature and humidity of one device, measured at one time, are one record',
    given: [warm(0, 21), damp(0, 45), damp(10, 46), warm(10, 22)],
    then: [[both(0, 21, 45), both(10, 22, 46)], null, null]
  },
  {
    name: 'of those that are near the nearest; what found none leaves by the second output',
    given: [warm(10, 21), damp(12, 45), damp(13, 46), warm(20, 22), warm(40, 23)],
    then: [[both(10, 21, 45)], [damp(13, 46), warm(20, 22)], null]
  },
  {
    name: 'every pair that is near enough',
    options: { method: 'every', within: '2 s' },
    given: [warm(10, 21), damp(11, 45), damp(12, 46), damp(13, 47)],
    then: [[both(10, 21, 45), both(10, 21, 46)], null, null]
  },
  {
    name: 'with the last value of the other, at its time or before',
    options: {
      method: 'last',
      first: 'power_kw',
      second: 'tariff',
      shape: 'copy',
      copy: [{ from: 'value', to: 'tariff' }],
      otherTime: 'tariff_since'
    },
    given: [
      at(0, 'tariff', 'day'),
      at(5, 'power_kw', 3),
      at(10, 'tariff', 'night'),
      at(10, 'power_kw', 4),
      at(15, 'power_kw', 5)
    ],
    then: [
      [
        at(5, 'power_kw', 3, { tariff: 'day', tariff_since: '2026-03-01T10:00:00Z' }),
        at(10, 'power_kw', 4, { tariff: 'night', tariff_since: '2026-03-01T10:00:10Z' })
      ],
      null,
      null
    ]
  },
  {
    name: 'told apart by their topic; one of the first that finds none leaves all the same',
    topic: 'acme/hall-1/door',
    options: {
      by: 'topic',
      firstTopic: 'acme/+/door',
      secondTopic: 'acme/+/badge',
      alone: 'first',
      shape: 'both',
      lateness: '0 s'
    },
    given: [at(0, 'open', true), at(30, 'open', true)],
    then: [
      [
        {
          device_id: 'a',
          ts_utc: '2026-03-01T10:00:00Z',
          first: at(0, 'open', true)
        }
      ],
      null,
      null
    ]
  }
]
