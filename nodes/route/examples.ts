import type { Example } from '../../core/node/spec.ts'

const at = (second: number, value: unknown) => ({
  device_id: 'boiler',
  metric: 'temperature_c',
  value,
  ts_utc: `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`
})

export const EXAMPLES: readonly Example[] = [
  {
    name: 'alarms apart from the rest, order kept',
    given: [
      { device_id: 'a', value: 81 },
      { device_id: 'b', value: 20 },
      { device_id: 'c', value: 95 }
    ],
    then: [
      [
        { device_id: 'a', value: 81 },
        { device_id: 'c', value: 95 }
      ],
      [{ device_id: 'b', value: 20 }]
    ]
  },
  {
    name: 'several conditions: a cold room that is too warm',
    options: {
      rules: [
        {
          name: 'too warm',
          match: 'all',
          conditions: [
            { field: 'metric', operator: 'equals', value: 'temperature_c' },
            { field: 'location', operator: 'starts_with', value: 'cold-' },
            { field: 'value', operator: 'gt', value: 8 }
          ]
        }
      ]
    },
    given: { metric: 'temperature_c', location: 'cold-3', value: 9.5 },
    then: [{ metric: 'temperature_c', location: 'cold-3', value: 9.5 }, null]
  },
  {
    name: 'by the topic, to every rule that is met',
    topic: 'acme/site-01/pump/p7/alert',
    options: {
      send: 'every',
      otherwise: false,
      rules: [
        {
          match: 'all',
          conditions: [
            { field: 'msg.topic', operator: 'topic_matches', value: 'acme/{site}/+/+/alert' }
          ]
        },
        {
          match: 'any',
          conditions: [
            { field: 'severity', operator: 'in', value: ['high', 'fatal'] },
            { field: 'value', operator: 'between', value: 90, value2: 100 }
          ]
        }
      ]
    },
    given: { device_id: 'p7', severity: 'fatal' },
    then: [
      { device_id: 'p7', severity: 'fatal' },
      { device_id: 'p7', severity: 'fatal' }
    ]
  },
  {
    name: 'a text is not a number',
    given: { device_id: 'a', value: '95' },
    then: [null, { device_id: 'a', value: '95' }]
  },
  {
    name: 'over time: above 80 for at least 30 s',
    options: {
      rules: [
        {
          match: 'all',
          conditions: [{ field: 'value', operator: 'gt', value: 80 }],
          time: { lasts: '30 s' }
        }
      ]
    },
    given: [at(0, 81), at(10, 85), at(20, 84), at(30, 82), at(40, 79)],
    then: [[at(30, 82)], [at(0, 81), at(10, 85), at(20, 84), at(40, 79)], null]
  },
  {
    name: 'over time: on above 80, off below 75, and told at most once in 10 minutes',
    options: {
      otherwise: false,
      rules: [
        {
          match: 'all',
          conditions: [{ field: 'value', operator: 'on_above', value: 80, value2: 75 }],
          time: { pause: '10 min' }
        }
      ]
    },
    given: [at(0, 81), at(10, 78), at(20, 74), at(30, 78)],
    then: [[at(0, 81)], null]
  },
  {
    name: 'the limit of this device, as enrich brought it, on workdays',
    options: {
      rules: [
        {
          match: 'all',
          conditions: [
            { field: 'value', operator: 'gt', value: { field: 'limit_c' } },
            {
              field: 'ts_utc',
              operator: 'in_hours',
              value: 'Mon-Fri 06:00-22:00',
              value2: 'Europe/Berlin'
            }
          ]
        }
      ]
    },
    given: [
      { value: 71, limit_c: 70, ts_utc: '2026-03-02T05:00:00Z' },
      { value: 71, limit_c: 80, ts_utc: '2026-03-02T05:00:00Z' },
      { value: 71, limit_c: 70, ts_utc: '2026-03-02T04:59:59Z' }
    ],
    then: [
      [{ value: 71, limit_c: 70, ts_utc: '2026-03-02T05:00:00Z' }],
      [
        { value: 71, limit_c: 80, ts_utc: '2026-03-02T05:00:00Z' },
        { value: 71, limit_c: 70, ts_utc: '2026-03-02T04:59:59Z' }
      ]
    ]
  }
]
