import assert from 'node:assert/strict'
import fc from 'fast-check'
import { extraMicros, parseIso } from '../../../core/postgres/time.ts'

const dates = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true
})

describe('ISO 8601 times', () => {
  it('reads every time in UTC as Date does', () => {
    fc.assert(fc.property(dates, date => parseIso(date.toISOString()) === date.getTime()))
  })

  it('keeps microseconds and cuts nanoseconds off', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: 0, max: 999_999_999 }), (date, nanos) => {
        const text = `${date.toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`
        assert.equal(
          parseIso(text),
          Math.floor(date.getTime() / 1000) * 1000 + Math.trunc(nanos / 1_000_000)
        )
        assert.equal(extraMicros, Math.trunc((nanos % 1_000_000) / 1000))
      })
    )
  })

  it('is as right for offsets', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: -14, max: 14 }), (date, hours) => {
        const text = `${date.toISOString().slice(0, 23)}${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`
        assert.equal(parseIso(text), date.getTime() - hours * 3_600_000)
      })
    )
  })

  const texts: [string, number, number?][] = [
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2024-02-23T15:20:00.5Z', Date.UTC(2024, 1, 23, 15, 20, 0, 500)],
    ['2024-02-23T15:20:00.1234567Z', Date.UTC(2024, 1, 23, 15, 20, 0, 123), 456],
    ['2024-02-23 15:20:00Z', Date.UTC(2024, 1, 23, 15, 20)],
    ['2024-02-23T15:20:00+01', Date.UTC(2024, 1, 23, 14, 20)],
    ['2024-02-23T15:20:00.123456+01:00', Date.UTC(2024, 1, 23, 14, 20, 0, 123), 456],
    ['2024-02-23T15:20Z', Date.UTC(2024, 1, 23, 15, 20)],
    ['2024-02-23 15:20:00 +01:00', Date.UTC(2024, 1, 23, 14, 20)],
    ['2024-02-23T15:20:00+0530', Date.UTC(2024, 1, 23, 9, 50)],
    ['2024-02-23 15:20:00-05', Date.UTC(2024, 1, 23, 20, 20)],
    ['2024-02-23T15:20:00.1234567-03:30', Date.UTC(2024, 1, 23, 18, 50, 0, 123), 456],
    ['2024-02-29T00:30:00+01:00', Date.UTC(2024, 1, 28, 23, 30)],
    ['2024-02-29T24:00:00+00:00', Date.UTC(2024, 2, 1)],
    ['2024-02-29T24:00:00Z', Date.UTC(2024, 2, 1)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2017-01-01T00:59:60.25+01:00', Date.UTC(2017, 0, 1, 0, 0, 0, 250)],
    ['2024-02-23T15:20:00 UTC', Date.UTC(2024, 1, 23, 15, 20)],
    ['2024-02-23T15:20:00.1234567890Z', Date.UTC(2024, 1, 23, 15, 20, 0, 123), 456],
    ['20240223T152000Z', Date.UTC(2024, 1, 23, 15, 20)],
    ['2024-W08-5T15:20:00Z', Date.UTC(2024, 1, 23, 15, 20)],
    ['2024-054T15:20:00Z', Date.UTC(2024, 1, 23, 15, 20)],
    ['-000044-03-15T12:00:00+01:00', Date.parse('-000044-03-15T11:00:00Z')]
  ]
  for (const [text, ms, micros = 0] of texts) {
    it(`reads ${text}`, () => {
      assert.equal(parseIso(text), ms)
      assert.equal(extraMicros, micros)
    })
  }

  const rubbish = [
    '',
    'now',
    '1708700000000',
    '2024-02-23',
    '2024-02-23T15:20:00',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-02-30T10:00:00+01:00',
    '2024-04-31T10:00:00+00:00',
    '2023-02-29 10:00:00 +01',
    '2024-02-30T24:00:00Z',
    '2024-13-01T00:00:00+01:00',
    '2024-00-10T00:00:00+01:00',
    '2024-02-00T00:00:00+01:00',
    '2024-02-23T24:00:01+01:00',
    '2024-02-23T15:60:00+01:00',
    '2024-02-23T15:20:60+01:00',
    '2024-02-23T15:20:00+24:00',
    '2024-02-23T15:20:00+01:60',
    '2024-02-23T15:20:00.+01:00',
    '2024-13-01T00:00:00Z',
    '2024-00-10T00:00:00Z',
    '2024-02-23T24:20:00Z',
    '2024-02-23T15:60:00Z',
    '2024-02-23T15:20:00.Z',
    '2024-02-23T15:20:00.12x4Z',
    `2024-02-23T15:20:00.${'1'.repeat(100)}Z`,
    '-000000-01-01T00:00:00Z',
    '2024-12-31T23:59:60Z',
    '2016-12-31T23:59:60.5+01:00',
    '1985-04-12T23:60:00+00:01',
    '2024-02-23T15:2x:00Z',
    '2024-02-23X15:20:00Z',
    '20x4-02-23T15:20:00Z',
    'Fri, 23 Feb 2024 15:20:00 GMT'
  ]
  for (const text of rubbish)
    it(`takes ${JSON.stringify(text)} for no time`, () => assert.ok(Number.isNaN(parseIso(text))))

  it('reads the same after a date that was none', () => {
    parseIso('2024-02-23T00:00:00Z')
    parseIso('2024-02-31T00:00:00Z')
    assert.equal(parseIso('2024-02-23T00:00:01Z'), Date.UTC(2024, 1, 23, 0, 0, 1))
  })
})
