import type { Example } from '../../core/node/spec.ts'

const span = (start: string, end: string) => ({
  ts_utc: `2026-01-31T${start}.000Z`,
  window_start: `2026-01-31T${start}.000Z`,
  window_end: `2026-01-31T${end}.000Z`
})

export const EXAMPLES = [
  {
    name: 'an average of each minute; the second minute is still open',
    given: [
      { device_id: 'd1', metric: 't', value: 20, ts_utc: '2026-01-31T06:00:00Z', location: 'hall' },
      { device_id: 'd1', metric: 't', value: 22, ts_utc: '2026-01-31T06:00:30Z', location: 'hall' },
      { device_id: 'd1', metric: 't', value: 25, ts_utc: '2026-01-31T06:01:10Z', location: 'hall' }
    ],
    then: [
      [
        {
          device_id: 'd1',
          metric: 't_avg',
          value: 21,
          ...span('06:00:00', '06:01:00'),
          count: 2,
          location: 'hall'
        }
      ],
      null,
      null
    ]
  },
  {
    name: 'one wide record of several functions',
    options: {
      shape: 'wide',
      lateness: '0 s',
      functions: [
        { function: 'min', field: '', parameter: '', as: '' },
        { function: 'max', field: '', parameter: '', as: 'peak' },
        { function: 'percentile', field: '', parameter: '50', as: '' }
      ]
    },
    given: [
      { device_id: 'd1', metric: 't', value: 20, ts_utc: '2026-01-31T06:00:00Z' },
      { device_id: 'd1', metric: 't', value: 22, ts_utc: '2026-01-31T06:00:30Z' },
      { device_id: 'd1', metric: 't', value: 25, ts_utc: '2026-01-31T06:01:00Z' }
    ],
    then: [
      [
        {
          device_id: 'd1',
          metric: 't',
          ...span('06:00:00', '06:01:00'),
          count: 2,
          min: 20,
          peak: 22,
          p50: 21
        }
      ],
      null,
      null
    ]
  },
  {
    name: 'consumption per hour of a counter that was set back',
    options: {
      length: '1 h',
      lateness: '0 s',
      functions: [{ function: 'increase', field: '', parameter: '', as: 'consumed' }]
    },
    given: [
      { device_id: 'm1', metric: 'kwh', value: 100, ts_utc: '2026-01-31T06:00:00Z' },
      { device_id: 'm1', metric: 'kwh', value: 104, ts_utc: '2026-01-31T06:30:00Z' },
      { device_id: 'm1', metric: 'kwh', value: 1, ts_utc: '2026-01-31T06:50:00Z' },
      { device_id: 'm1', metric: 'kwh', value: 3, ts_utc: '2026-01-31T07:10:00Z' }
    ],
    then: [
      [
        {
          device_id: 'm1',
          metric: 'kwh_consumed',
          value: 5,
          ...span('06:00:00', '07:00:00'),
          count: 3
        }
      ],
      null,
      null
    ]
  },
  {
    name: 'a reading of a window that is closed is late',
    options: { lateness: '0 s' },
    given: [
      { device_id: 'd1', metric: 't', value: 20, ts_utc: '2026-01-31T06:00:30Z' },
      { device_id: 'd1', metric: 't', value: 21, ts_utc: '2026-01-31T06:01:30Z' },
      { device_id: 'd1', metric: 't', value: 99, ts_utc: '2026-01-31T06:00:31Z' }
    ],
    then: [
      [
        {
          device_id: 'd1',
          metric: 't_avg',
          value: 20,
          ...span('06:00:00', '06:01:00'),
          count: 1
        }
      ],
      [{ device_id: 'd1', metric: 't', value: 99, ts_utc: '2026-01-31T06:00:31Z' }],
      null
    ]
  }
] as const satisfies readonly Example[]
