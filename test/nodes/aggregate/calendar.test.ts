/** Days, weeks and months against another reader of calendars. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DateTime } from 'luxon'
import { type CalendarUnit, calendarWindows } from '../../../nodes/aggregate/calendar-window.ts'
import { aggregate, reading, rows } from './aggregate-of.ts'

const HOUR_MS = 3_600_000

const lengths: readonly (readonly [
  unit: CalendarUnit,
  zone: string,
  begins: string,
  at: string,
  hours: number
])[] = [
  ['day', 'Europe/Berlin', '00:00', '2026-03-29T12:00:00Z', 23],
  ['day', 'Europe/Berlin', '00:00', '2026-10-25T12:00:00Z', 25],
  ['day', 'Europe/Berlin', '06:00', '2026-03-28T12:00:00Z', 23],
  ['day', 'Europe/Berlin', '06:00', '2026-03-29T12:00:00Z', 24],
  ['day', 'Europe/Berlin', '00:00', '2026-01-31T12:00:00Z', 24],
  ['week', 'Europe/Berlin', '00:00', '2026-03-29T12:00:00Z', 7 * 24 - 1],
  ['month', 'Europe/Berlin', '00:00', '2026-03-29T12:00:00Z', 31 * 24 - 1],
  ['month', 'Europe/Berlin', '00:00', '2026-10-01T12:00:00Z', 31 * 24 + 1],
  ['month', 'UTC', '00:00', '2024-02-29T12:00:00Z', 29 * 24],
  // midnight itself is skipped, or comes twice
  ['day', 'America/Santiago', '00:00', '2026-09-06T12:00:00Z', 23],
  ['day', 'America/Havana', '00:00', '2026-11-01T12:00:00Z', 25],
  ['day', 'Australia/Lord_Howe', '00:00', '2026-04-05T01:00:00Z', 24.5],
  ['day', '+05:30', '00:00', '2026-04-05T01:00:00Z', 24]
]

describe('aggregate: windows of the calendar', () => {
  for (const [unit, zone, begins, at, hours] of lengths)
    it(`the ${unit} of ${at} in ${zone}, from ${begins}, has ${hours} hours`, () => {
      const { startMs, endMs } = calendarWindows(unit, zone, begins)(Date.parse(at))
      assert.equal((endMs - startMs) / HOUR_MS, hours)
    })

  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'UTC',
    'America/St_Johns'
  ]
  for (const unit of ['day', 'week', 'month'] as const)
    it(`each ${unit} is that of another reader, and the windows leave no gap`, () =>
      fc.assert(
        fc.property(
          fc.constantFrom(...zones),
          fc.integer({ min: Date.UTC(1995, 0), max: Date.UTC(2040, 0) }),
          (zone, timeMs) => {
            const windowAt = calendarWindows(unit, zone, '00:00')
            const { startMs, endMs } = windowAt(timeMs)
            const local = DateTime.fromMillis(timeMs, { zone })
            assert.equal(startMs, local.startOf(unit).toMillis())
            assert.ok(startMs <= timeMs && timeMs < endMs)
            assert.equal(windowAt(endMs).startMs, endMs)
            assert.equal(windowAt(startMs - 1).endMs, startMs)
          }
        ),
        { numRuns: 300 }
      ))

  it('every hour around a change of the clocks is in one day', () => {
    for (const zone of [
      'America/Havana',
      'America/Santiago',
      'Europe/Berlin',
      'America/Asuncion'
    ]) {
      const windowAt = calendarWindows('day', zone, '00:00')
      let endMs = windowAt(Date.UTC(2023, 0, 1)).startMs
      for (
        let timeMs = Date.UTC(2023, 0, 1);
        timeMs < Date.UTC(2025, 0, 1);
        timeMs += HOUR_MS / 2
      ) {
        const span = windowAt(timeMs)
        assert.ok(
          span.startMs === endMs || span.endMs === endMs,
          `${zone} ${new Date(timeMs).toISOString()}`
        )
        endMs = span.endMs
      }
    }
  })

  it('a day of 25 hours has all its values', () => {
    const options = {
      window: 'calendar',
      zone: 'Europe/Berlin',
      functions: rows('count'),
      lateness: '0 s'
    }
    const steps = Array.from({ length: 60 }, (_, hour) => ({
      ...reading(0, 1),
      ts_utc: Date.UTC(2026, 9, 23, 22) + hour * HOUR_MS
    }))
    const { results } = aggregate(options, steps)
    assert.deepEqual(
      results.map(({ value }) => value),
      [24, 25]
    )
  })
})
