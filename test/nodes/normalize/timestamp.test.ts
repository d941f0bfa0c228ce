import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isoText, MAX_MS, MIN_MS } from '../../../nodes/normalize/instant.ts'
import { isReason, type Rules, readTimestamp } from '../../../nodes/normalize/timestamp.ts'

const AUTO: Rules = { unit: 'auto', fold: 'reject' }
const inUnit = (unit: Rules['unit']): Rules => ({ unit, fold: 'reject' })
const nobody = () => undefined

/** The time as text and the rule, or the code of the reason. */
function outcome(
  value: unknown,
  rules: Rules = AUTO,
  zone: () => string | undefined = nobody
): string {
  const result = readTimestamp(value, rules, zone)
  return isReason(result) ? result.code : `${isoText(result.ms, result.extraNs)} ${result.rule}`
}

const numbers: [value: unknown, rules: Rules, expected: string][] = [
  [1708700000, AUTO, '2024-02-23T14:53:20.000Z epoch s, guessed'],
  [1708700000.5, AUTO, '2024-02-23T14:53:20.500Z epoch s, guessed'],
  [1708700000.123456, AUTO, '2024-02-23T14:53:20.123456Z epoch s, guessed'],
  [1708700000123, AUTO, '2024-02-23T14:53:20.123Z epoch ms, guessed'],
  [1708700000123.25, AUTO, '2024-02-23T14:53:20.123250Z epoch ms, guessed'],
  [1708700000123456, AUTO, '2024-02-23T14:53:20.123456Z epoch us, guessed'],
  [1708700000123456000, AUTO, '2024-02-23T14:53:20.123456Z epoch ns, guessed'],
  ['1708700000', AUTO, '2024-02-23T14:53:20.000Z epoch s, guessed'],
  ['1708700000.1234567', AUTO, '2024-02-23T14:53:20.123456700Z epoch s, guessed'],
  [' 1708700000123 ', AUTO, '2024-02-23T14:53:20.123Z epoch ms, guessed'],
  ['1708700000123456789', AUTO, '2024-02-23T14:53:20.123456789Z epoch ns, guessed'],
  [946684800, AUTO, '2000-01-01T00:00:00.000Z epoch s, guessed'],
  [946684799, AUTO, 'TS_AMBIGUOUS_UNIT'],
  [4102444799, AUTO, '2099-12-31T23:59:59.000Z epoch s, guessed'],
  [4102444800, AUTO, 'TS_AMBIGUOUS_UNIT'],
  [0, AUTO, 'TS_AMBIGUOUS_UNIT'],
  [-1, AUTO, 'TS_AMBIGUOUS_UNIT'],
  [20240223, AUTO, 'TS_AMBIGUOUS_UNIT'],
  ['20240223134640', AUTO, 'TS_AMBIGUOUS_UNIT'],
  [1e300, AUTO, 'TS_AMBIGUOUS_UNIT'],
  [0, inUnit('s'), '1970-01-01T00:00:00.000Z epoch s'],
  [-0, inUnit('ms'), '1970-01-01T00:00:00.000Z epoch ms'],
  [-0.5, inUnit('s'), '1969-12-31T23:59:59.500Z epoch s'],
  ['-0.5', inUnit('s'), '1969-12-31T23:59:59.500Z epoch s'],
  ['-1.000000001', inUnit('s'), '1969-12-31T23:59:58.999999999Z epoch s'],
  ['5', inUnit('ns'), '1970-01-01T00:00:00.000000005Z epoch ns'],
  [5, inUnit('us'), '1970-01-01T00:00:00.000005Z epoch us'],
  [1708700000, inUnit('ms'), '1970-01-20T18:38:20.000Z epoch ms'],
  [1708700000123, inUnit('s'), 'TS_UNPARSABLE'],
  [1e300, inUnit('ms'), 'TS_UNPARSABLE'],
  ['9'.repeat(25), inUnit('ms'), 'TS_UNPARSABLE'],
  ['9'.repeat(26), inUnit('ms'), 'TS_UNPARSABLE'],
  [Number.NaN, AUTO, 'TS_UNPARSABLE'],
  [Number.POSITIVE_INFINITY, inUnit('s'), 'TS_UNPARSABLE'],
  ['1e9', AUTO, '2001-09-09T01:46:40.000Z epoch s, guessed'],
  ['1.663830962276e+12', AUTO, '2022-09-22T07:16:02.276Z epoch ms, guessed'],
  [1.663830962276e12, AUTO, '2022-09-22T07:16:02.276Z epoch ms, guessed'],
  ['1.66E12', AUTO, '2022-08-08T23:06:40.000Z epoch ms, guessed'],
  ['166.3830962276123e10', AUTO, '2022-09-22T07:16:02.276123Z epoch ms, guessed'],
  ['1663830962276000000e-6', AUTO, '2022-09-22T07:16:02.276Z epoch ms, guessed'],
  ['-1e3', inUnit('ms'), '1969-12-31T23:59:59.000Z epoch ms'],
  ['-1e-9', inUnit('s'), '1969-12-31T23:59:59.999999999Z epoch s'],
  ['1708700000.', AUTO, '2024-02-23T14:53:20.000Z epoch s, guessed'],
  ['1e999', inUnit('ms'), 'TS_UNPARSABLE'],
  ['0e999', inUnit('ms'), '1970-01-01T00:00:00.000Z epoch ms'],
  ['1e-999', inUnit('ms'), '1970-01-01T00:00:00.000Z epoch ms'],
  ['1e', AUTO, 'TS_UNPARSABLE'],
  ['e12', AUTO, 'TS_UNPARSABLE'],
  ['.', AUTO, 'TS_UNPARSABLE']
]

const texts: [value: unknown, expected: string][] = [
  ['2024-02-23T13:46:40Z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024-02-23t13:46:40z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024-02-23 13:46:40 UTC', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024-02-23T13:46:40.5+01:00', '2024-02-23T12:46:40.500Z ISO 8601'],
  ['2024-02-23T13:46:40,123456789-0530', '2024-02-23T19:16:40.123456789Z ISO 8601'],
  ['2024-02-23T13:46+01', '2024-02-23T12:46:00.000Z ISO 8601'],
  ['20240223T134640Z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024-02-23T13:46:40.1234567891Z', '2024-02-23T13:46:40.123456789Z ISO 8601'],
  ['2024-02-23T14:46:40+01:00[Europe/Berlin]', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024-02-23T14:46:40[Europe/Berlin]', '2024-02-23T13:46:40.000Z ISO 8601, Europe/Berlin'],
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z ISO 8601'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z ISO 8601'],
  ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z ISO 8601'],
  ['9999-12-31T23:59:59-01:00', 'TS_UNPARSABLE'],
  ['0001-01-01T00:00:00+01:00', 'TS_UNPARSABLE'],
  ['0000-02-29T00:00:00Z', 'TS_UNPARSABLE'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z ISO 8601'],
  ['2023-02-29T00:00:00Z', 'TS_UNPARSABLE'],
  ['2024-13-01T00:00:00Z', 'TS_UNPARSABLE'],
  ['2024-00-01T00:00:00Z', 'TS_UNPARSABLE'],
  ['2024-02-23T24:00:00Z', '2024-02-24T00:00:00.000Z ISO 8601'],
  ['2024-02-29T24:00:00.000+01:00', '2024-02-29T23:00:00.000Z ISO 8601'],
  ['2024-12-31T24:00Z', '2025-01-01T00:00:00.000Z ISO 8601'],
  ['20240223T24Z', '2024-02-24T00:00:00.000Z ISO 8601'],
  ['Fri, 23 Feb 2024 24:00:00 +0000', '2024-02-24T00:00:00.000Z RFC 2822'],
  ['9999-12-31T24:00:00Z', 'TS_UNPARSABLE'],
  ['2024-02-30T24:00:00Z', 'TS_UNPARSABLE'],
  ['2024-02-23T24:00:01Z', 'TS_UNPARSABLE'],
  ['2024-02-23T24:00:00.001Z', 'TS_UNPARSABLE'],
  ['2024-02-23T24:00:00.0000000001Z', 'TS_UNPARSABLE'],
  ['2024-02-23T24:01:00Z', 'TS_UNPARSABLE'],
  ['2024-02-23T25:00:00Z', 'TS_UNPARSABLE'],
  ['2024-02-23T13:60:00Z', 'TS_UNPARSABLE'],
  ['1985-04-12T23:60:00+00:01', 'TS_UNPARSABLE'],
  ['2016-12-31T24:59:60+01:00', 'TS_UNPARSABLE'],
  ['2017-01-01T00:59:60+01:00', '2017-01-01T00:00:00.000Z ISO 8601'],
  ['2016-12-31T15:59:60.5-08:00', '2017-01-01T00:00:00.500Z ISO 8601'],
  ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00.000Z RFC 2822'],
  ['Sun, 1 Jan 2017 00:59:60 +0100', '2017-01-01T00:00:00.000Z RFC 2822'],
  ['2024-12-31T23:59:60Z', 'TS_UNPARSABLE'],
  ['2016-12-31T23:59:60+01:00', 'TS_UNPARSABLE'],
  ['2016-12-31T23:58:60Z', 'TS_UNPARSABLE'],
  ['2016-12-31T23:59:61Z', 'TS_UNPARSABLE'],
  ['31 Dec 2024 23:59:60 GMT', 'TS_UNPARSABLE'],
  ['2024-W08-5T13:46:40Z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024W085T134640Z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2020-W53-7T00:00Z', '2021-01-03T00:00:00.000Z ISO 8601'],
  ['2021-W53-1T00:00Z', 'TS_UNPARSABLE'],
  ['2024-W00-1T00:00Z', 'TS_UNPARSABLE'],
  ['2024-W08-8T00:00Z', 'TS_UNPARSABLE'],
  ['2024-054T13:46:40Z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024054T134640Z', '2024-02-23T13:46:40.000Z ISO 8601'],
  ['2024-366T00:00Z', '2024-12-31T00:00:00.000Z ISO 8601'],
  ['2023-366T00:00Z', 'TS_UNPARSABLE'],
  ['2024-000T00:00Z', 'TS_UNPARSABLE'],
  ['2024-02-23T13:46:60Z', 'TS_UNPARSABLE'],
  ['2024-02-23T13:46:40+25:00', 'TS_ZONE_UNKNOWN'],
  ['2024-0223T13:46:40Z', 'TS_UNPARSABLE'],
  ['2024-02-23', 'TS_UNPARSABLE'],
  ['2024-02-23T13:46:40', 'TS_ZONE_MISSING'],
  ['2024-02-23T13:46:40[Mars/Base]', 'TS_ZONE_UNKNOWN'],
  ['Fri, 23 Feb 2024 13:46:40 +0000', '2024-02-23T13:46:40.000Z RFC 2822'],
  ['fri,23 feb 2024 13:46 EST', '2024-02-23T18:46:00.000Z RFC 2822'],
  ['3 Feb 2024 13:46:40 GMT', '2024-02-03T13:46:40.000Z RFC 2822'],
  ['Mon, 23 Feb 2024 13:46:40 +0000', 'TS_UNPARSABLE'],
  ['30 Feb 2024 13:46:40 +0000', 'TS_UNPARSABLE'],
  ['3 Foo 2024 13:46:40 GMT', 'TS_UNPARSABLE'],
  ['3 Feb 2024 13:46:40 CEST', 'TS_ZONE_UNKNOWN'],
  ['3 Feb 2024 13:46:40', 'TS_ZONE_MISSING'],
  ['yesterday', 'TS_UNPARSABLE'],
  ['2024-02-23T13:46:40Z\0', 'TS_UNPARSABLE'],
  ['x'.repeat(1_000_000), 'TS_UNPARSABLE'],
  ['', 'TS_MISSING'],
  [null, 'TS_MISSING'],
  [undefined, 'TS_MISSING'],
  [true, 'TS_UNPARSABLE'],
  [{}, 'TS_UNPARSABLE'],
  [[1708700000], 'TS_UNPARSABLE']
]

const BERLIN = 'Europe/Berlin'
const zones: [value: string, zone: string, expected: string][] = [
  ['2024-07-01T12:00:00', BERLIN, '2024-07-01T10:00:00.000Z ISO 8601, Europe/Berlin'],
  ['2024-12-01T12:00:00', BERLIN, '2024-12-01T11:00:00.000Z ISO 8601, Europe/Berlin'],
  ['2024-10-26T24:00:00', BERLIN, '2024-10-26T22:00:00.000Z ISO 8601, Europe/Berlin'],
  ['2017-01-01T00:59:60', BERLIN, '2017-01-01T00:00:00.000Z ISO 8601, Europe/Berlin'],
  ['2016-12-31T23:59:60', BERLIN, 'TS_UNPARSABLE'],
  ['3 Feb 2024 13:46:40', BERLIN, '2024-02-03T12:46:40.000Z RFC 2822, Europe/Berlin'],
  ['2024-03-31T01:59:59', BERLIN, '2024-03-31T00:59:59.000Z ISO 8601, Europe/Berlin'],
  ['2024-03-31T02:00:00', BERLIN, 'TS_NONEXISTENT_LOCAL'],
  ['2024-03-31T02:59:59', BERLIN, 'TS_NONEXISTENT_LOCAL'],
  ['2024-03-31T03:00:00', BERLIN, '2024-03-31T01:00:00.000Z ISO 8601, Europe/Berlin'],
  ['2024-10-27T01:59:59', BERLIN, '2024-10-26T23:59:59.000Z ISO 8601, Europe/Berlin'],
  ['2024-10-27T02:00:00', BERLIN, 'TS_AMBIGUOUS_LOCAL'],
  ['2024-10-27T02:59:59', BERLIN, 'TS_AMBIGUOUS_LOCAL'],
  ['2024-10-27T03:00:00', BERLIN, '2024-10-27T02:00:00.000Z ISO 8601, Europe/Berlin'],
  // Lord Howe Island moves by half an hour, Samoa skipped 30 December 2011, Newfoundland changed at
  // one minute past midnight.
  ['2024-10-06T02:15:00', 'Australia/Lord_Howe', 'TS_NONEXISTENT_LOCAL'],
  [
    '2024-10-06T02:30:00',
    'Australia/Lord_Howe',
    '2024-10-05T15:30:00.000Z ISO 8601, Australia/Lord_Howe'
  ],
  ['2011-12-30T12:00:00', 'Pacific/Apia', 'TS_NONEXISTENT_LOCAL'],
  ['2011-12-31T12:00:00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z ISO 8601, Pacific/Apia'],
  [
    '2010-03-14T00:00:59',
    'America/St_Johns',
    '2010-03-14T03:30:59.000Z ISO 8601, America/St_Johns'
  ],
  ['2010-03-14T00:01:00', 'America/St_Johns', 'TS_NONEXISTENT_LOCAL'],
  ['1880-01-01T00:00:00', BERLIN, '1879-12-31T23:06:32.000Z ISO 8601, Europe/Berlin'],
  ['2024-07-01T12:00:00', 'UTC', '2024-07-01T12:00:00.000Z ISO 8601, UTC'],
  ['2024-07-01T12:00:00', '+05:30', '2024-07-01T06:30:00.000Z ISO 8601, +05:30'],
  ['2024-07-01T12:00:00', '+99:00', 'TS_ZONE_UNKNOWN'],
  ['2024-07-01T12:00:00', 'Europe/Atlantis', 'TS_ZONE_UNKNOWN'],
  ['2024-07-01T12:00:00', '__proto__', 'TS_ZONE_UNKNOWN'],
  ['2024-07-01T12:00:00', 'x'.repeat(10_000), 'TS_ZONE_UNKNOWN']
]

describe('nodes/normalize/timestamp', () => {
  for (const [value, rules, expected] of numbers) {
    it(`${typeof value === 'string' ? `"${value}"` : value} in ${rules.unit}: ${expected}`, () =>
      assert.equal(outcome(value, rules), expected))
  }
  for (const [value, expected] of texts) {
    it(`${JSON.stringify(value)?.slice(0, 60)}: ${expected}`, () =>
      assert.equal(outcome(value), expected))
  }
  for (const [value, zone, expected] of zones) {
    it(`${value} in ${zone.slice(0, 30)}: ${expected}`, () =>
      assert.equal(
        outcome(value, AUTO, () => zone),
        expected
      ))
  }

  it('takes the first or the second of two equal hours when told', () => {
    const zone = () => BERLIN
    assert.match(
      outcome('2024-10-27T02:30:00', { unit: 'auto', fold: 'earlier' }, zone),
      /^2024-10-27T00:30:00/
    )
    assert.match(
      outcome('2024-10-27T02:30:00', { unit: 'auto', fold: 'later' }, zone),
      /^2024-10-27T01:30:00/
    )
  })

  it('writes every time as Date does', () => {
    fc.assert(
      fc.property(fc.integer({ min: MIN_MS, max: MAX_MS }), ms =>
        assert.equal(isoText(ms), new Date(ms).toISOString())
      )
    )
  })

  it('reads back what it wrote, to the nanosecond', () => {
    const ms = fc.integer({ min: MIN_MS, max: MAX_MS })
    fc.assert(
      fc.property(ms, fc.integer({ min: 0, max: 999_999 }), (ms, extraNs) => {
        const result = readTimestamp(isoText(ms, extraNs), AUTO, nobody)
        assert.deepEqual(result, { ms, extraNs, rule: 'ISO 8601' })
      })
    )
  })

  it('reads the same time from every unit and form', () => {
    const someMs = fc.integer({ min: 946_684_800_000, max: 4_102_444_799_999 })
    fc.assert(
      fc.property(someMs, ms => {
        const forms = [
          ms,
          ms / 1000,
          ms * 1000,
          String(ms),
          `${ms}000000`,
          new Date(ms).toISOString()
        ]
        for (const form of forms)
          assert.ok(outcome(form).startsWith(`${new Date(ms).toISOString()} `), `${form}`)
      })
    )
  })

  it('reads a number as text like the number, in every way to write it', () => {
    const someMs = fc.integer({ min: 946_684_800_000, max: 4_102_444_799_999 })
    fc.assert(
      fc.property(someMs, fc.constantFrom(1, 1e-3, 1e3), (ms, scale) => {
        const number = ms * scale
        for (const text of [String(number), number.toExponential(), `${number}E0`, `+${number}`]) {
          const [read, given] = [
            readTimestamp(text, AUTO, nobody),
            readTimestamp(number, AUTO, nobody)
          ]
          assert.ok(!isReason(read) && !isReason(given), text)
          assert.ok(
            Math.abs(read.ms + read.extraNs / 1e6 - given.ms - given.extraNs / 1e6) < 0.001,
            text
          )
        }
      })
    )
  })

  it('goes to a local time and back in every zone', () => {
    const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
    const someMs = fc.integer({ min: 946_684_800, max: 2_000_000_000 })
    fc.assert(
      fc.property(zone, someMs, (timeZone, seconds) => {
        const local = new Date(seconds * 1000).toLocaleString('sv-SE', { timeZone })
        const result = readTimestamp(local, { unit: 'auto', fold: 'earlier' }, () => timeZone)
        assert.ok(!isReason(result), local)
        assert.ok(
          result.ms === seconds * 1000 ||
            result.ms === seconds * 1000 - 3_600_000 ||
            result.ms === seconds * 1000 - 1_800_000,
          local
        )
      }),
      { numRuns: 300 }
    )
  })

  it('never throws', () => {
    const zone = fc.option(fc.string(), { nil: undefined })
    fc.assert(
      fc.property(
        fc.anything(),
        zone,
        (value, name) => typeof outcome(value, AUTO, () => name) === 'string'
      )
    )
  })
})
