import assert from 'node:assert/strict'
import { isWithinHours } from '../../../nodes/route/hours.ts'
import { hoursProblems } from '../../../nodes/route/hours-text.ts'

const BERLIN = 'Europe/Berlin'
const WORK = 'Mon-Fri 06:00-22:00'

/** In winter Berlin is one hour ahead of UTC, from 2026-03-29 01:00 UTC on two. */
const cases: [hours: string, zone: string, time: unknown, isIn: boolean][] = [
  [WORK, BERLIN, '2026-03-02T05:00:00Z', true],
  [WORK, BERLIN, '2026-03-02T04:59:59.999Z', false],
  [WORK, BERLIN, '2026-03-02T20:59:59.999Z', true],
  [WORK, BERLIN, '2026-03-02T21:00:00Z', false],
  [WORK, BERLIN, '2026-03-01T12:00:00Z', false],
  [WORK, BERLIN, '2026-03-30T04:00:00Z', true],
  [WORK, BERLIN, '2026-03-30T03:59:59Z', false],
  [WORK, BERLIN, Date.parse('2026-03-02T05:00:00Z'), true],
  [WORK, BERLIN, new Date('2026-03-02T05:00:00Z'), true],
  [WORK, 'UTC', '2026-03-02T05:00:00Z', false],
  [WORK, '+05:30', '2026-03-02T00:30:00Z', true],
  ['Mon – Fri', 'UTC', '2026-03-06T23:59:59Z', true],
  ['06:00-22:00', 'UTC', '2026-03-01T06:00:00Z', true],
  ['22:00-06:00', 'UTC', '2026-03-01T23:00:00Z', true],
  ['22:00-06:00', 'UTC', '2026-03-01T06:00:00Z', false],
  // The night from Friday to Saturday is one of Friday.
  ['Fri 22:00-06:00', 'UTC', '2026-03-07T05:59:59Z', true],
  ['Fri 22:00-06:00', 'UTC', '2026-03-06T05:00:00Z', false],
  ['Sat, Sun 08:00-24:00', 'UTC', '2026-03-01T23:59:59Z', true],
  ['friday-monday', 'UTC', '2026-03-01T00:00:00Z', true],
  ['friday-monday', 'UTC', '2026-03-03T00:00:00Z', false],
  ['Mon 06:00-08:00; Mon 20:00-22:00', 'UTC', '2026-03-02T21:00:00Z', true],
  // 02:30 came twice on that night, and counts both times.
  ['02:00-03:00', BERLIN, '2026-10-25T00:30:00Z', true],
  ['02:00-03:00', BERLIN, '2026-10-25T01:30:00Z', true],
  ['02:00-03:00', BERLIN, '2026-10-25T02:00:00Z', false]
]

const wrong: [hours: string, problem: RegExp][] = [
  ['', /give hours/],
  ['Mon-Fri 06:00-22:00;', /give hours/],
  ['Mo-Fr 06:00-22:00', /"mo-fr" is no day/],
  ['Mon-Fri 6-22', /"6-22" is no day/],
  ['25:00-26:00', /no clock shows/],
  ['06:00-24:01', /no clock shows/],
  ['Mon-Wed-Fri', /is no day/],
  ['Mon '.repeat(80), /too long/]
]

describe('route: hours of a time zone', () => {
  for (const [hours, zone, time, isIn] of cases)
    it(`${hours} in ${zone}: ${time} is ${isIn ? 'in' : 'outside'}`, () => {
      assert.deepEqual(hoursProblems(hours), [])
      assert.equal(isWithinHours(hours, zone, true)(time), isIn)
      assert.equal(isWithinHours(hours, zone, false)(time), !isIn)
    })

  it('what is no time is neither in them nor outside', () => {
    for (const value of [undefined, null, 'soon', 1_700_000_000, Number.NaN, true, {}])
      for (const wanted of [true, false])
        assert.equal(isWithinHours(WORK, BERLIN, wanted)(value), false)
  })

  for (const [hours, problem] of wrong)
    it(`refuses ${hours.slice(0, 30)}`, () => assert.match(hoursProblems(hours).join(), problem))
})
