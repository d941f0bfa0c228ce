import type { Example } from '../../core/node/spec.ts'

const at = (second: number, value: unknown) => ({
  device_id: 'boiler',
  metric: 'temperature_c',
  value,
  ts_utc: `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`
})

const STARTED = '2026-03-01T10:00:10.000Z'
const event = (what: string, state: string, second: number, more: object) => ({
  device_id: 'boiler',
  metric: 'temperature_c',
  alarm: 'too hot',
  alarm_id: `too hot/boiler/temperature_c/${STARTED}`,
  event: what,
  state,
  priority: 'high',
  ts_utc: `2026-03-01T10:00:${second}.000Z`,
  started_at: STARTED,
  ...more
})

export const EXAMPLES: readonly Example[] = [
  {
    name: 'raised above 80, returned at 75, then acknowledged',
    options: { alarm: 'too hot', priority: 'high', limit: 80, deadband: 5 },
    given: [
      at(0, 70),
      at(10, 81),
      at(20, 90),
      at(30, 78),
      at(40, 74),
      { command: 'acknowledge', by: 'shift 2', device_id: 'boiler', metric: 'temperature_c' }
    ],
    then: [
      [
        event('raised', 'active-unacknowledged', 10, { value: 81, peak: 81, limit: 80 }),
        event('returned', 'returned-unacknowledged', 40, {
          ended_at: '2026-03-01T10:00:40.000Z',
          value: 74,
          peak: 90,
          limit: 80
        }),
        event('acknowledged', 'normal', 40, {
          ts_utc: '2026-03-01T10:00:40.001Z',
          value: 74,
          peak: 90,
          limit: 80,
          by: 'shift 2'
        })
      ],
      null
    ]
  }
]
