import type { Example } from '../../core/node/spec.ts'

const at = (second: number, value: unknown, metric = 'temperature_c') => ({
  device_id: 'a',
  metric,
  value,
  ts_utc: `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`
})

export const EXAMPLES: readonly Example[] = [
  {
    name: 'a value passes when it has changed by more than 0.5',
    options: { width: 0.5 },
    given: [at(0, 21), at(10, 21.4), at(20, 21.6), at(30, 21.2), at(40, 20.9)],
    then: [[at(0, 21), at(20, 21.6), at(40, 20.9)], null]
  },
  {
    name: 'with the value before the change, so that a step is a step',
    options: { width: 0.5, before: true },
    given: [at(0, 21), at(10, 21.1), at(20, 21.2), at(30, 25)],
    then: [[at(0, 21), at(20, 21.2), at(30, 25)], null]
  },
  {
    name: 'swinging door: of a ramp its ends',
    options: { method: 'door', width: 0.1 },
    given: [at(0, 10), at(10, 11), at(20, 12), at(30, 13), at(40, 13), at(50, 13)],
    then: [[at(0, 10), at(30, 13)], null]
  },
  {
    name: 'the last record of each ten seconds',
    options: { method: 'interval', every: '10 s', keep: 'last' },
    given: [at(0, 1), at(4, 2), at(9, 3), at(12, 4), at(20, 5)],
    then: [[at(9, 3), at(12, 4)], null]
  },
  {
    name: 'each record once',
    options: { method: 'duplicates' },
    given: [at(0, 1), at(1, 2), at(0, 1), at(1, 2, 'humidity_pct')],
    then: [[at(0, 1), at(1, 2), at(1, 2, 'humidity_pct')], null]
  }
]
