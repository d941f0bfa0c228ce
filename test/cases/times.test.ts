import assert from 'node:assert/strict'
import { column, normalized, validated } from './way.ts'

/** What a time becomes in normalize, or the code of why it is none. */
function utc(ts: unknown, settings: Readonly<Record<string, unknown>> = {}): unknown {
  const outcome = normalized({ ts }, settings)
  return typeof outcome === 'string' ? outcome : outcome.ts_utc
}

describe('cases: one reader of dates', () => {
  const times: [name: string, text: string, expected: string][] = [
    ['end-of-day-24', '2024-02-23T24:00:00Z', '2024-02-24T00:00:00.000Z'],
    ['with an offset', '2024-02-23T24:00:00+01:00', '2024-02-23T23:00:00.000Z'],
    ['at the end of a year', '2024-12-31T24:00:00.000Z', '2025-01-01T00:00:00.000Z'],
    ['later than the end of the day', '2024-02-23T24:00:01Z', 'TS_UNPARSABLE'],
    ['hour 24', '2024-02-23T24:30:00Z', 'TS_UNPARSABLE'],
    ['a leap second', '2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['a leap second elsewhere', '2017-01-01T00:59:60+01:00', '2017-01-01T00:00:00.000Z'],
    ['none on this day', '2024-02-23T23:59:60Z', 'TS_UNPARSABLE'],
    ['none at this hour', '2016-12-31T12:59:60Z', 'TS_UNPARSABLE'],
    ['minute 60', '1985-04-12T23:60:00+00:01', 'TS_UNPARSABLE'],
    ['both', '2016-12-31T24:59:60+01:00', 'TS_UNPARSABLE'],
    ['30 February', '2024-02-30T00:00:00Z', 'TS_UNPARSABLE']
  ]
  for (const [name, text, expected] of times) {
    it(`${name}: ${text} is ${expected} for normalize, and the same for a column`, () => {
      assert.equal(utc(text), expected)
      const like = expected.startsWith('TS') ? 'COLUMN_TIME' : column('timestamptz', expected)
      assert.equal(column('timestamptz', text), like)
    })
  }

  const formats: [text: string, valid: boolean][] = [
    ['1985-04-12T23:60:00+00:01', false],
    ['2016-12-31T24:59:60+01:00', false],
    ['2024-02-23T13:60:00Z', false],
    ['2024-02-23T23:59:60Z', false],
    ['2016-12-31T23:59:60Z', true],
    ['2017-01-01T00:59:60+01:00', true],
    ['2024-02-30T00:00:00Z', false],
    ['2024-02-23T23:59:59.123456789Z', true]
  ]
  for (const [ts, valid] of formats) {
    it(`format-date-time: ${ts} is ${valid ? 'a' : 'no'} date-time`, () => {
      const properties = { ts: { type: 'string', format: 'date-time' } }
      assert.deepEqual(validated(properties, { ts }), valid ? { ts } : 'FIELD_VALUE')
    })
  }

  const asText = [
    '1.663830962276e+12',
    '1.663830962276E12',
    '1663830962276',
    '1663830962276.0',
    '1663830962.276',
    '1.663830962276e9',
    '16638309622760e-1',
    '1663830962276000',
    '1663830962276000000'
  ]
  for (const text of asText) {
    it(`epoch-text-exponent: the text "${text}" is the time that the number is`, () => {
      assert.equal(utc(text), '2022-09-22T07:16:02.276Z')
      assert.equal(utc(Number(text)), '2022-09-22T07:16:02.276Z')
    })
  }
})

describe('cases: times as fleets write them', () => {
  const berlin = { zoneFrom: 'fixed', zone: 'Europe/Berlin' }
  const form = (pattern: string, language = 'en') => ({
    ...berlin,
    forms: [{ pattern, language }]
  })
  const times: [value: unknown, settings: Readonly<Record<string, unknown>>, expected: string][] = [
    ['23.02.2024 15:53:20', form('dd.MM.yyyy HH:mm:ss'), '2024-02-23T14:53:20.000Z'],
    ['03.04.2024 15:53:20', form('dd.MM.yyyy HH:mm:ss'), '2024-04-03T13:53:20.000Z'],
    ['02/23/2024 03:53:20 PM', form('MM/dd/yyyy hh:mm:ss a'), '2024-02-23T14:53:20.000Z'],
    ['02/23/2024 12:00:00 AM', form('MM/dd/yyyy hh:mm:ss a'), '2024-02-22T23:00:00.000Z'],
    ['23/02/2024 03:53:20 PM', form('MM/dd/yyyy hh:mm:ss a'), 'TS_UNPARSABLE'],
    ['02/23/2024 13:53:20 PM', form('MM/dd/yyyy hh:mm:ss a'), 'TS_UNPARSABLE'],
    ['23. Februar 2024 15:53:20', form('d. MMMM yyyy HH:mm:ss', 'de'), '2024-02-23T14:53:20.000Z'],
    ['23 février 2024 15:53:20', form('d MMMM yyyy HH:mm:ss', 'fr'), '2024-02-23T14:53:20.000Z'],
    ['Fri Feb 23 15:53:20 2024', berlin, '2024-02-23T14:53:20.000Z'],
    ['Fri, 23 Feb 2024 15:53:20 +0100', {}, '2024-02-23T14:53:20.000Z'],
    ['/Date(1708700000000)/', {}, '2024-02-23T14:53:20.000Z'],
    ['/Date(1708700000000+0100)/', {}, '2024-02-23T14:53:20.000Z'],
    [{ seconds: 1708700000, nanos: 123456789 }, {}, '2024-02-23T14:53:20.123456789Z'],
    [{ seconds: '1708700000' }, {}, '2024-02-23T14:53:20.000Z'],
    [{ _seconds: 1708700000, _nanoseconds: 0 }, {}, '2024-02-23T14:53:20.000Z'],
    [45345.662037037, { ...berlin, unit: 'excel' }, '2024-02-23T14:53:20.000Z'],
    ['2024-W08-5T14:53:20Z', {}, '2024-02-23T14:53:20.000Z'],
    ['2024-054T14:53:20Z', {}, '2024-02-23T14:53:20.000Z'],
    ['20240223T145320Z', {}, '2024-02-23T14:53:20.000Z'],
    ['03/04/2024 10:00:00', berlin, 'TS_UNPARSABLE'],
    ['01.01.2017 00:59:60', form('dd.MM.yyyy HH:mm:ss'), '2017-01-01T00:00:00.000Z'],
    ['01/01/2017 12:59:60 AM', form('MM/dd/yyyy hh:mm:ss a'), '2017-01-01T00:00:00.000Z'],
    ['31.12.2016 23:59:60 +00:00', form('dd.MM.yyyy HH:mm:ss ZZ'), '2017-01-01T00:00:00.000Z'],
    ['23.02.2024 00:59:60', form('dd.MM.yyyy HH:mm:ss'), 'TS_UNPARSABLE'],
    ['01.01.2017 00:59:61', form('dd.MM.yyyy HH:mm:ss'), 'TS_UNPARSABLE'],
    [
      '23.02.2024 15:53:20.123456',
      form('dd.MM.yyyy HH:mm:ss.SSSSSS'),
      '2024-02-23T14:53:20.123456Z'
    ],
    [
      '23.02.2024 15:53:20,1234567',
      form('dd.MM.yyyy HH:mm:ss,u'),
      '2024-02-23T14:53:20.123456700Z'
    ],
    ['23.02.2024 15:53:20.123', form('dd.MM.yyyy HH:mm:ss.SSS'), '2024-02-23T14:53:20.123Z'],
    ['23. Mär 2024 15:53', form('d. MMM yyyy HH:mm', 'de'), '2024-03-23T14:53:00.000Z'],
    ['23. Mär. 2024 15:53', form('d. MMM yyyy HH:mm', 'de'), '2024-03-23T14:53:00.000Z'],
    ['23. März 2024 15:53', form('d. LLL yyyy HH:mm', 'de'), '2024-03-23T14:53:00.000Z'],
    ['23 feb. 2024 15:53', form('d MMM yyyy HH:mm', 'es'), '2024-02-23T14:53:00.000Z'],
    ['23 feb. 2024 15:53', form('d MMM yyyy HH:mm', 'nl'), '2024-02-23T14:53:00.000Z'],
    ['23 Sept 2024 15:53', form('d MMM yyyy HH:mm'), '2024-09-23T13:53:00.000Z'],
    ['2/23/2024, 3:53:20\u202fPM', form('M/d/yyyy, h:mm:ss a'), '2024-02-23T14:53:20.000Z'],
    ['2/23/2024 3:53:20 p.m.', form('M/d/yyyy h:mm:ss a'), '2024-02-23T14:53:20.000Z'],
    ['2/23/2024 0:53:20 p.m.', form('M/d/yyyy h:mm:ss a'), 'TS_UNPARSABLE'],
    [
      'Fri Feb 23 2024 15:53:20 GMT+0100 (Central European Standard Time)',
      {},
      '2024-02-23T14:53:20.000Z'
    ],
    ['Sat Feb 23 2024 15:53:20 GMT+0100', {}, 'TS_UNPARSABLE'],
    ['2024-02-23T14:53:20Z[Europe/Berlin][u-ca=gregory]', {}, '2024-02-23T14:53:20.000Z'],
    ['2024-02-23T15:53:20[Europe/Berlin][u-ca=gregory]', {}, '2024-02-23T14:53:20.000Z'],
    ['2024-02-23T14:53:20Z[!u-ca=hebrew]', {}, 'TS_UNPARSABLE'],
    ['2024-W53-5T00:00:00Z', {}, 'TS_UNPARSABLE'],
    ['2023-366T00:00:00Z', {}, 'TS_UNPARSABLE'],
    ['Fri Feb 23 24:00:00 2024', berlin, '2024-02-23T23:00:00.000Z'],
    ['23.02.2024 24:00', form('dd.MM.yyyy HH:mm'), '2024-02-23T23:00:00.000Z'],
    ['23.02.2024 24:01', form('dd.MM.yyyy HH:mm'), 'TS_UNPARSABLE'],
    ['2016-12-31T23:59:60.5Z', {}, '2017-01-01T00:00:00.500Z'],
    ['2024-02-23T14:53:20+05:45', {}, '2024-02-23T09:08:20.000Z'],
    ['2024-02-23T14:53:20+0545', {}, '2024-02-23T09:08:20.000Z'],
    ['2024-02-23T14:53:20-09:30', {}, '2024-02-24T00:23:20.000Z'],
    ['2024-02-23T14:53:20+05:60', {}, 'TS_ZONE_UNKNOWN'],
    ['2024-02-23T14:53:20', { zoneFrom: 'fixed', zone: '+05:45' }, '2024-02-23T09:08:20.000Z'],
    [
      '2024-02-23T14:53:20',
      { zoneFrom: 'fixed', zone: 'Asia/Kathmandu' },
      '2024-02-23T09:08:20.000Z'
    ],
    ['2024-02-23T14:53Z', {}, '2024-02-23T14:53:00.000Z'],
    ['2024-02-23t14:53:20z', {}, '2024-02-23T14:53:20.000Z'],
    ['2024-02-23T14:53:20,5Z', {}, '2024-02-23T14:53:20.500Z'],
    ['2020-W53-5T00:00:00Z', {}, '2021-01-01T00:00:00.000Z'],
    ['2024-W08-5T24:00:00Z', {}, '2024-02-24T00:00:00.000Z'],
    ['2024-366T24:00:00Z', {}, '2025-01-01T00:00:00.000Z'],
    ['2024-W08-8T00:00:00Z', {}, 'TS_UNPARSABLE'],
    ['2024-02-29T24:00:00Z', {}, '2024-03-01T00:00:00.000Z'],
    ['9999-12-31T24:00:00Z', {}, 'TS_UNPARSABLE'],
    ['2024-03-30T24:00:00', berlin, '2024-03-30T23:00:00.000Z'],
    ['2024-03-31T02:30:00', berlin, 'TS_NONEXISTENT_LOCAL'],
    ['2024-10-27T02:30:00', berlin, 'TS_AMBIGUOUS_LOCAL'],
    ['2024-10-27T02:30:00', { ...berlin, fold: 'later' }, '2024-10-27T01:30:00.000Z'],
    ['2016-12-31T23:59:60', berlin, 'TS_UNPARSABLE'],
    ['2017-01-01T05:44:60+05:45', {}, '2017-01-01T00:00:00.000Z'],
    ['2011-12-30T12:00:00', { zoneFrom: 'fixed', zone: 'Pacific/Apia' }, 'TS_NONEXISTENT_LOCAL'],
    [60, { ...berlin, unit: 'excel' }, 'TS_UNPARSABLE'],
    ['45345.5', { ...berlin, unit: 'excel' }, '2024-02-23T11:00:00.000Z'],
    [45382.104166667, { ...berlin, unit: 'excel' }, 'TS_NONEXISTENT_LOCAL'],
    ['/Date(-1)/', {}, '1969-12-31T23:59:59.999Z'],
    [
      'Freitag, 23. Februar 2024 15:53:20',
      form('EEEE, d. MMMM yyyy HH:mm:ss', 'de'),
      '2024-02-23T14:53:20.000Z'
    ],
    [
      'Donnerstag, 23. Februar 2024 15:53:20',
      form('EEEE, d. MMMM yyyy HH:mm:ss', 'de'),
      'TS_UNPARSABLE'
    ],
    ['23. Mrz 2024 15:53', form('d. MMM yyyy HH:mm', 'de'), '2024-03-23T14:53:00.000Z'],
    ['23. Dezember 2024 24:00', form('d. MMMM yyyy HH:mm', 'de'), '2024-12-23T23:00:00.000Z'],
    [
      'ven. 23 févr. 2024 15:53:20',
      form('EEE d MMM yyyy HH:mm:ss', 'fr'),
      '2024-02-23T14:53:20.000Z'
    ],
    ['15 DÉCEMBRE 2024 15:53', form('d MMMM yyyy HH:mm', 'fr'), '2024-12-15T14:53:00.000Z'],
    [
      'viernes, 23 de febrero de 2024 15:53:20',
      form("EEEE, d 'de' MMMM 'de' yyyy HH:mm:ss", 'es'),
      '2024-02-23T14:53:20.000Z'
    ],
    ['23 ene 2024 15:53', form('d MMM yyyy HH:mm', 'es'), '2024-01-23T14:53:00.000Z'],
    ['23/Feb/2024:15:53:20 +0100', form('dd/MMM/yyyy:HH:mm:ss ZZZ'), '2024-02-23T14:53:20.000Z'],
    ['2024-W08-5 15:53', form("kkkk-'W'WW-E HH:mm"), '2024-02-23T14:53:00.000Z'],
    ['2024-054 15:53', form('yyyy-ooo HH:mm'), '2024-02-23T14:53:00.000Z'],
    [20240223155320, form('yyyyMMddHHmmss'), '2024-02-23T14:53:20.000Z'],
    ['23.02.2024 15:60:00', form('dd.MM.yyyy HH:mm:ss'), 'TS_UNPARSABLE'],
    ['31.03.2024 02:30:00', form('dd.MM.yyyy HH:mm:ss'), 'TS_NONEXISTENT_LOCAL'],
    ['12:30 am 02/23/2024', form('hh:mm a MM/dd/yyyy'), '2024-02-22T23:30:00.000Z'],
    ['02/23/2024 24:00:00 PM', form('MM/dd/yyyy hh:mm:ss a'), 'TS_UNPARSABLE'],
    ['Fri, 23 Feb 2024 24:00:00 GMT', {}, '2024-02-24T00:00:00.000Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', {}, '2017-01-01T00:00:00.000Z'],
    [{ seconds: -1, nanos: 500_000_000 }, {}, '1969-12-31T23:59:59.500Z'],
    [{ seconds: 1708700000, nanos: 1e9 }, {}, 'TS_UNPARSABLE'],
    ['1708700000123456789', {}, '2024-02-23T14:53:20.123456789Z'],
    ['1,7087e9', {}, 'TS_UNPARSABLE'],
    [' +1708700000 ', {}, '2024-02-23T14:53:20.000Z']
  ]
  for (const [value, settings, expected] of times)
    it(`${JSON.stringify(value)} is ${expected}`, () =>
      assert.equal(utc(value, settings), expected))
})
