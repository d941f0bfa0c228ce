import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isDateTime, isIsoDateTime } from '../../../core/json-schema/date-time.ts'
import { ENCODERS } from '../../../core/postgres/binary.ts'
import { extraNs, parseIso, readIso } from '../../../core/record/iso-time.ts'
import { isReason, readTimestamp } from '../../../nodes/normalize/timestamp.ts'

const number = (max: number, digits = 2) =>
  fc.integer({ min: 0, max }).map(value => String(value).padStart(digits, '0'))
const dates = fc.oneof(
  fc.tuple(number(9999, 4), number(13), number(32)).map(parts => parts.join('-')),
  fc.constantFrom('2016-12-31', '2015-06-30', '2017-01-01', '2024-12-31', '2024-02-29')
)
const clocks = fc.oneof(
  fc.tuple(number(25), number(61), number(61)).map(parts => parts.join(':')),
  fc.constantFrom('24:00:00', '23:59:60', '00:59:60', '24:00:00.0', '23:60:00', '18:59:60')
)
const offsets = fc.oneof(
  fc.constantFrom('Z', '+01:00', '-05:00', '+00:01', '-00:00', '+05:30'),
  fc
    .tuple(fc.constantFrom('+', '-'), number(25), number(61))
    .map(([sign, hour, minute]) => `${sign}${hour}:${minute}`)
)
const texts = fc
  .tuple(dates, clocks, offsets)
  .map(([date, clock, offset]) => `${date}T${clock}${offset}`)

/** Milliseconds since 1970 as normalize takes the text; NaN where it rejects it. */
function normalized(text: string): number {
  const read = readTimestamp(text, { unit: 'auto', fold: 'reject' }, () => undefined)
  return isReason(read) ? Number.NaN : read.ms
}

const isOfYears1To9999 = (ms: number) =>
  ms >= Date.parse('0001-01-01T00:00:00Z') && ms <= Date.parse('9999-12-31T23:59:59.999Z')

describe('the reader of ISO 8601', () => {
  it('gives normalize, the sink and schemas the same times', () => {
    fc.assert(
      fc.property(texts, text => {
        const sink = parseIso(text)
        if (Number.isNaN(sink) || isOfYears1To9999(sink)) assert.equal(normalized(text), sink, text)
        assert.equal(isIsoDateTime(text), !Number.isNaN(sink), text)
        assert.equal(isDateTime(text), !Number.isNaN(sink) && !/T24/.test(text), text)
      }),
      { numRuns: 3000 }
    )
  })

  it('takes what Date takes, apart from leap seconds and days that Date rolls over', () => {
    fc.assert(
      fc.property(texts, text => {
        const [ours, theirs] = [parseIso(text), Date.parse(text)]
        if (/:60/.test(text)) return
        if (!Number.isNaN(ours)) assert.equal(ours, theirs, text)
        else if (!Number.isNaN(theirs)) assert.match(text, /-(02-(29|3\d)|(04|06|09|11)-31)T/, text)
      }),
      { numRuns: 3000 }
    )
  })

  it('reads the usual form as the other forms of the same time', () => {
    const some = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true
    })
    fc.assert(
      fc.property(some, fc.integer({ min: 0, max: 999_999_999 }), (date, nanos) => {
        const seconds = date.toISOString().slice(0, 19)
        const decimals = String(nanos).padStart(9, '0')
        const expected = [parseIso(`${seconds}.${decimals}Z`), extraNs]
        const compact = `${seconds.replace(/[-:]/g, '')},${decimals}`
        for (const text of [
          `${seconds}.${decimals}+00`,
          `${seconds}.${decimals}0UTC`,
          `${compact}Z`,
          `${compact}+0000`
        ])
          assert.deepEqual([parseIso(text), extraNs], expected, text)
        const local = readIso(`${seconds}.${decimals}`)
        assert.deepEqual([local?.ms, local?.extraNs, local?.offset], [...expected, undefined])
      })
    )
  })

  it('knows the days of weeks and years as Date does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300_000 }), days => {
        const ms = Date.parse('1600-01-01T00:00:00Z') + days * 86_400_000
        const date = new Date(ms)
        const year = date.getUTCFullYear()
        const nth = (ms - Date.UTC(year, 0, 1)) / 86_400_000 + 1
        assert.equal(parseIso(`${year}-${String(nth).padStart(3, '0')}T00:00Z`), ms)
        const weekday = date.getUTCDay() || 7
        const thursday = new Date(ms + (4 - weekday) * 86_400_000)
        const weekYear = thursday.getUTCFullYear()
        const week = Math.floor((thursday.getTime() - Date.UTC(weekYear, 0, 1)) / 604_800_000) + 1
        assert.equal(
          parseIso(`${weekYear}-W${String(week).padStart(2, '0')}-${weekday}T00:00Z`),
          ms
        )
      })
    )
  })
})

describe('a time for a column', () => {
  const written = (value: unknown) => {
    const out = {
      reserve() {},
      int32() {},
      at: 0,
      micros: Number.NaN,
      view: new DataView(new ArrayBuffer(64))
    }
    const misfit = ENCODERS.timestamptz(value, out as never)
    return misfit?.code ?? out.micros
  }
  const cases: [text: string, like: unknown][] = [
    ['1.663830962276e+12', 1_663_830_962_276],
    ['1708700000000', 1_708_700_000_000],
    ['2024-02-23T24:00:00Z', Date.UTC(2024, 1, 24)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)]
  ]
  for (const [text, like] of cases)
    it(`${text} is written like ${like}`, () => assert.equal(written(text), written(like)))
  for (const text of ['20240223', '1708700000', '20240223134640', '2024-12-31T23:59:60Z', '1e400'])
    it(`${text} is none`, () => assert.equal(written(text), 'COLUMN_TIME'))
})
