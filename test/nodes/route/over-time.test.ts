import assert from 'node:assert/strict'
import type { Step } from '../../core/state/run-memory.ts'
import { at, isoAt, row, rule, run, silent, told } from './route-over-time.ts'

const ABOVE = row('gt', 80)
const device = { key: [{ field: 'device_id' }] }
const values = (list: readonly unknown[], every = 10): Step[] =>
  list.map((value, index) => at(index * every, value))

/** What leaves by the output of the rule, by seconds. */
const cases: [
  name: string,
  rule: object,
  steps: readonly Step[],
  told: string,
  options?: object
][] = [
  [
    'for at least 30 s',
    rule([ABOVE], { lasts: '30 s' }),
    values([81, 82, 83, 84, 85, 70, 81, 82]),
    '30 40'
  ],
  [
    'for at least 30 s: a record that says otherwise begins it anew',
    rule([ABOVE], { lasts: '30 s' }),
    values([81, 82, 79, 84, 85, 86, 87]),
    '60'
  ],
  [
    'for at least 30 s: between two records the last one leaves when it is over',
    rule([ABOVE], { lasts: '30 s' }),
    values([81, 82, 83], 20),
    '20 40'
  ],
  [
    'for at least 30 s: though nothing comes any more, once',
    rule([ABOVE], { lasts: '30 s' }),
    [at(0, 81), silent(300)],
    '0'
  ],
  [
    'for at least 30 s: over before the next record says otherwise',
    rule([ABOVE], { lasts: '30 s' }),
    [at(0, 81), at(100, 70)],
    '0'
  ],
  ['changed', rule([row('changed')]), values([1, 1, 2, 2, 1]), '20 40'],
  [
    'changed: by type and text',
    rule([row('changed')]),
    values(['1', 1, true, true, { a: 1 }, { a: 1 }, { a: 2 }]),
    '10 20 40 60'
  ],
  [
    'changed: NaN and what is missing are no values',
    rule([row('changed')]),
    values([1, Number.NaN, null, undefined, 1, 2]),
    '50'
  ],
  [
    'changed by more than 5, from where it was told last',
    rule([row('changed_by', 5)]),
    values([0, 3, 6, 9, 11, 12, 6]),
    '20 50 60'
  ],
  [
    'changed by 0.1 is not by more than 0.1',
    rule([row('changed_by', 0.1)]),
    values([20.3, 20.4]),
    ''
  ],
  [
    'changed by more than 10 %',
    rule([row('changed_percent', 10)]),
    values([100, 110, 111, 122, 123, -100]),
    '20 40 50'
  ],
  [
    'changed by more than what a field has',
    rule([row('changed_by', { field: 'band' })]),
    [at(0, 0, { band: 5 }), at(10, 4, { band: 5 }), at(20, 4, { band: 3 }), at(30, 9)],
    '20'
  ],
  [
    'rises faster than 2 per minute',
    rule([row('rises', 2, '1 min')]),
    values([0, 1, 2, 2.1, 2.2, 2.3, 2.4, 2.5, 9]),
    '30 40 50 60 80'
  ],
  [
    'rises faster than 2 per minute, with a record every five minutes',
    rule([row('rises', 2, '1 min')]),
    values([0, 9, 20, 25], 300),
    '600'
  ],
  [
    'rises: a fall is none, and what falls after it',
    rule([row('rises', 2, '1 min')]),
    values([10, 5, 4, 4.5, 7]),
    '40'
  ],
  ['falls faster than 2 per minute', rule([row('falls', 2, '1 min')]), values([9, 8, 7, 6]), '30'],
  [
    'rises: at one time, and by NaN',
    rule([row('rises', 2, '1 min')]),
    [at(0, 0), at(0, 3), at(10, Number.NaN), at(20, '99')],
    '0'
  ],
  [
    'on above 80, off below 75',
    rule([row('on_above', 80, 75)]),
    values([80, 81, 76, 75, 74.9, 79, 81]),
    '10 20 30 60'
  ],
  [
    'on below 5, off above 8',
    rule([row('on_below', 5, 8)]),
    values([5, 4, 7, 8, 8.1, 6, 4]),
    '10 20 30 60'
  ],
  [
    'on above the limit of this device',
    rule([row('on_above', { field: 'limit' }, { field: 'back' })]),
    [81, 76, 74, 76].map((value, index) => at(index, value, { limit: 80, back: 75 })),
    '0 1'
  ],
  [
    'what is no number changes nothing',
    rule([row('on_above', 80, 75)]),
    values([81, 'x', Number.NaN, null, 76]),
    '0 40'
  ],
  [
    '3 times in 10 min',
    rule([row('equals', 'E1', undefined, 'code')], { times: 3, within: '10 min' }),
    [0, 100, 700, 710, 720, 1400].map(second => at(second, 1, { code: 'E1' })),
    '720'
  ],
  [
    '2 times in 1 min, each time it begins',
    rule([row('equals', 'open')], { begins: true, times: 2, within: '1 min' }),
    values(['open', 'open', 'shut', 'open', 'open', 'shut', 'shut', 'shut', 'open']),
    '30 80'
  ],
  [
    'at most once in 10 min',
    rule([ABOVE], { pause: '10 min' }),
    values([81, 82, 70, 83, 84], 200),
    '0 600'
  ],
  ['only when it begins', rule([ABOVE], { begins: true }), values([81, 82, 70, 83, 84]), '0 30'],
  [
    'for 30 s, and then at most once in 10 min',
    rule([ABOVE], { lasts: '30 s', pause: '10 min' }),
    Array.from({ length: 70 }, (_, index) => at(index * 10, 81)),
    '30 630'
  ],
  [
    'missing for 5 min, once, and again after it came back',
    rule([row('missing_for', '5 min', undefined, 'device_id')]),
    [at(0, 1), at(200, 1), silent(900), at(1100, 1), silent(400)],
    '!500 !1400'
  ],
  [
    'missing for 5 min: what comes after exactly that is not missing',
    rule([row('missing_for', '5 min', undefined, 'device_id')]),
    [at(0, 1), at(300, 1), at(600, 1)],
    ''
  ],
  [
    'missing for 5 min: a replay tells what the live stream told',
    rule([row('missing_for', '5 min', undefined, 'device_id')]),
    [at(0, 1), at(3600, 1)],
    '!300'
  ],
  [
    'missing for 1 min: of one field, while others come',
    rule([row('missing_for', '1 min', undefined, 'hum')]),
    [at(0, 1, { hum: 5 }), at(30, 1), at(70, 1), at(80, 1, { hum: 5 })],
    '!60 70'
  ],
  [
    'missing and of this hall',
    rule([
      row('missing_for', '1 min', undefined, 'device_id'),
      row('equals', 'A', undefined, 'hall')
    ]),
    [at(0, 1, { hall: 'A' }), at(200, 1, { hall: 'B' }), at(400, 1, { hall: 'A' }), silent(90)],
    '!60 !460'
  ],
  [
    'missing in these hours, by the time at which it is told',
    rule([
      row('missing_for', '5 min', undefined, 'device_id'),
      row('in_hours', '06:00-10:02', 'UTC', 'ts_utc')
    ]),
    [at(0, 1), silent(400)],
    ''
  ],
  [
    'above 80 for 30 s, while the hours last',
    rule([ABOVE, row('in_hours', '06:00-10:01', 'UTC', 'ts_utc')], { lasts: '30 s' }),
    [at(10, 81), at(45, 70), at(50, 81), silent(90)],
    '10'
  ],
  [
    'a group of rows',
    rule(
      [
        row('equals', 't', undefined, 'metric'),
        { match: 'any', conditions: [row('changed'), row('gt', 8)] }
      ],
      {}
    ),
    values([1, 1, 2, 9, 9]),
    '20 30 40'
  ],
  [
    'devices by themselves',
    rule([ABOVE], { lasts: '30 s' }),
    [at(0, 81), at(10, 70, { device_id: 'b' }), at(20, 81), at(30, 81)],
    '30'
  ],
  [
    'late records meet it not, and are looked at by nothing',
    rule([ABOVE], { lasts: '30 s' }),
    [at(0, 81), at(20, 82), at(10, 70), at(30, 83)],
    '30'
  ],
  [
    'within the lateness in the order of their times',
    rule([ABOVE], { lasts: '30 s' }),
    [at(0, 81), at(20, 82), at(10, 70), at(30, 83), at(60, 84), at(90, 0)],
    '30 60',
    { lateness: '20 s' }
  ],
  [
    'a clock that jumps ahead by half an hour, and back',
    rule([ABOVE], { lasts: '30 s' }),
    [at(0, 81), { given: at(1800, 82), atMs: 0 }, at(10, 83), at(40, 84), at(1810, 85)],
    '0 1800 1810'
  ]
]

describe('route over time', () => {
  for (const [name, one, steps, expected, options = {}] of cases)
    it(name, () => {
      const settings = { rules: [one], ...options }
      const ran = run(settings, steps)
      assert.deepEqual(told(ran).join(' '), expected)
      assert.deepEqual(ran.failed, [])
      const restarted = run(settings, steps, true)
      assert.deepEqual(restarted.outputs, ran.outputs, 'The same with a restart after each step.')
      // Each record that came leaves once by some output, or is told beside.
      const came = steps.filter(step => !('silentMs' in step)).length
      const left = ran.outputs.flat()
      assert.ok(left.length + ran.waiting >= came, 'No record is lost.')
    })

  it('keeps devices by the key that is chosen', () => {
    const rules = [rule([ABOVE], { lasts: '20 s' })]
    const mixed = [at(0, 81), at(10, 1, { metric: 'h' }), at(20, 81)]
    assert.deepEqual(told(run({ rules }, mixed)), ['20'])
    assert.deepEqual(told(run({ rules, ...device }, mixed)), [])
  })

  describe('several rules', () => {
    const rules = [rule([row('gt', 100)]), rule([ABOVE], { lasts: '20 s' }), rule([row('changed')])]
    const steps = values([81, 101, 82, 83, 83])
    it('the first that is met, and all remember what came', () => {
      const ran = run({ rules }, steps)
      assert.deepEqual(
        [0, 1, 2, 3].map(output => told(ran, output)),
        [['10'], ['20', '30', '40'], [], ['0']]
      )
    })
    it('every one that is met, with copies', () => {
      const ran = run({ rules, send: 'every', otherwise: false }, steps)
      assert.deepEqual(
        [0, 1, 2, 3].map(output => told(ran, output)),
        [['10'], ['20', '30', '40'], ['10', '20', '30'], []]
      )
      assert.equal(ran.filtered, 1)
    })
    it('what leaves by itself is a record of its own at each output', () => {
      const twice = [rule([ABOVE], { lasts: '30 s' }), rule([row('gt', 70)], { lasts: '30 s' })]
      const { outputs } = run({ rules: twice, send: 'every' }, [at(0, 81), silent(60)])
      assert.deepEqual([outputs[0], outputs[1]], [[at(0, 81)], [at(0, 81)]])
      assert.notEqual(outputs[0]![0], outputs[1]![0])
    })
    it('what a pause holds back goes on to the next rule', () => {
      const paused = [rule([ABOVE], { pause: '1 min' }), rule([ABOVE])]
      const ran = run({ rules: paused }, values([81, 82, 83]))
      assert.deepEqual([told(ran, 0), told(ran, 1)], [['0'], ['10', '20']])
    })
    it('a record that a rule before has already is not told again when it has lasted', () => {
      const lasting = [rule([row('gt', 100)]), rule([ABOVE], { lasts: '30 s' })]
      const ran = run({ rules: lasting }, [at(0, 101), silent(60)])
      assert.deepEqual([told(ran, 0), told(ran, 1)], [['0'], []])
    })
  })

  describe('what is missing', () => {
    const rules = [rule([row('missing_for', '5 min', undefined, 'device_id')])]
    it('is told with the last record', () => {
      const { outputs } = run({ rules, ...device }, [at(0, 7, { hall: 'A' }), silent(310)])
      assert.deepEqual(outputs[0], [
        {
          device_id: 'a',
          ts_utc: isoAt(300),
          missing: 'device_id',
          missing_s: 300,
          last_seen: isoAt(0),
          last: at(0, 7, { hall: 'A' })
        }
      ])
    })
  })
})
