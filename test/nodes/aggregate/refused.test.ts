import assert from 'node:assert/strict'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { aggregate, reading, rows, SILENCE, told } from './aggregate-of.ts'

const at = (...pairs: readonly (readonly [seconds: number, value: unknown])[]) =>
  pairs.map(([seconds, value]) => reading(seconds, value))

describe('aggregate: what cannot be used', () => {
  const bad: readonly (readonly [name: string, record: TelemetryRecord, code: string])[] = [
    ['no value', reading(0, undefined), 'NOT_A_NUMBER'],
    ['null', reading(0, null), 'NOT_A_NUMBER'],
    ['a text', reading(0, '21.5'), 'NOT_A_NUMBER'],
    ['NaN', reading(0, Number.NaN), 'NOT_A_NUMBER'],
    ['infinity', reading(0, Number.POSITIVE_INFINITY), 'NOT_A_NUMBER'],
    ['a number whose square is infinite', reading(0, 1e200), 'NOT_A_NUMBER'],
    ['an object', reading(0, { a: 1 }), 'NOT_A_NUMBER'],
    ['a number of too many digits', reading(0, 12_345_678_901_234_567_890n), 'NUMBER_INEXACT'],
    ['no device', reading(0, 1, { device_id: undefined }), 'KEY_MISSING'],
    ['a device that is an object', reading(0, 1, { device_id: {} }), 'KEY_MISSING'],
    ['a device of a megabyte', reading(0, 1, { device_id: 'x'.repeat(1e6) }), 'KEY_MISSING'],
    ['no time', reading(0, 1, { ts_utc: undefined }), 'TS_MISSING'],
    ['a time without a zone', reading(0, 1, { ts_utc: '2026-01-31T00:00:00' }), 'TS_UNPARSABLE'],
    ['a time that is none', reading(0, 1, { ts_utc: 9e15 }), 'TS_UNPARSABLE'],
    ['a time in seconds', reading(0, 1, { ts_utc: 1_772_359_202 }), 'TS_UNPARSABLE']
  ]
  for (const [name, record, code] of bad)
    it(`${name} is rejected as ${code}`, () => {
      const { rejected, keys } = aggregate({}, [record])
      assert.deepEqual(
        rejected.map(({ reason }) => reason.code),
        [code]
      )
      assert.equal(keys, 0)
    })

  it('or left out and counted, but for a number of too many digits', () => {
    const { filtered, rejected, results } = aggregate({ unusable: 'skip' }, [
      ...bad.slice(0, 8).map(([, record]) => record),
      reading(1, 4),
      SILENCE
    ])
    assert.equal(filtered, 7)
    assert.equal(rejected.length, 1)
    assert.deepEqual(told(results, 'count', 'value'), [[0, 60, 1, 4]])
  })

  it('a value that one function takes and another does not', () => {
    const options = { functions: rows('avg', 'last'), shape: 'wide', unusable: 'skip' }
    const { results } = aggregate(options, [...at([0, 4], [1, 'broken']), SILENCE])
    assert.deepEqual(told(results, 'count', 'avg', 'last'), [[0, 60, 2, 4, 'broken']])
  })

  it('numbers of too many digits can be counted and told apart', () => {
    const options = { functions: rows('count', 'distinct', 'last'), shape: 'wide' }
    const { results } = aggregate(options, [
      ...at([0, 12_345_678_901_234_567_890n], [1, 12_345_678_901_234_567_891n]),
      SILENCE
    ])
    assert.deepEqual(told(results, 'count', 'distinct', 'last'), [
      [0, 60, 2, 2, '12345678901234567891']
    ])
  })
})

describe('aggregate: settings', () => {
  const wrong: readonly (readonly [options: object, problem: RegExp])[] = [
    [{ length: '0 s' }, /Length: a window of 0 s is too short/],
    [{ length: '366 d' }, /Length: a window of 366 d is too long: .* months of the calendar/],
    [{ length: 'a year' }, /Length: "a year" is no duration/],
    [{ window: 'session', gap: '0 s' }, /a pause of 0 s is too short/],
    [
      { window: 'hopping', length: '1 h', every: '1 s' },
      /would count in 3600 windows; take at least 36 s/
    ],
    [{ window: 'hopping', length: '1 min', every: '2 min' }, /is longer than the window/],
    [{ window: 'hopping', every: '0 s' }, /must be longer than nothing/],
    [{ window: 'calendar', zone: 'Mars' }, /no time zone "Mars"/],
    [{ window: 'calendar', begins: '25:00' }, /a time on the clock/],
    [{ functions: [] }, /at least one/],
    [{ functions: rows('percentile') }, /row 1: give the percentile/],
    [{ functions: rows('percentile:101') }, /row 1: give the percentile/],
    [{ functions: rows('increase:-1') }, /row 1: the limit/],
    [{ functions: rows('avg', 'avg') }, /row 2: there is a result "avg" already/],
    [{ early: '10 ms' }, /take at least 1 s/],
    [{ early: '1 s', length: '1 d' }, /take at least 87 s/]
  ]
  for (const [options, problem] of wrong)
    it(`refuses ${JSON.stringify(options)}`, () =>
      assert.throws(() => aggregate(options as Record<string, unknown>, []), problem))
})
