import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { AlarmFigures } from '../../../nodes/alarm/figures.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec } from '../../../nodes/alarm/spec.ts'
import { runMemory } from '../../core/state/run-memory.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const at = (second: number, device: number, value: number) => ({
  device_id: `d${device}`,
  metric: 't',
  value,
  ts_utc: new Date(T0 + second * 1000).toISOString()
})

/** The note and the gauges after these records, which all come within the same ten minutes. */
function figuresOf(records: readonly object[]) {
  const { memory, clock, bounds, note, gauges } = alarm(
    parseOptions(spec, { limit: 80, acknowledge: false })
  )
  runMemory(memory, records as Record<string, unknown>[], { clock, bounds })
  return [note?.(), ...[...(gauges?.() ?? [])].map(([, value]) => value)]
}

/** What the status and the gauges say at a second. */
type Said = readonly [second: number, note: string | undefined, inTen: number, most: number]

describe('alarm: whether people can still follow', () => {
  const raised = (count: number, second = 0) =>
    Array.from({ length: count }, (_, device) => at(second + device, device, 90))

  it('ten alarms in ten minutes are no flood', () => {
    assert.deepEqual(figuresOf(raised(10)), [undefined, 10, 10, 0])
  })
  it('eleven are one', () => {
    assert.deepEqual(figuresOf(raised(11)), ['flood: 11 in 10 min', 11, 11, 0])
  })
  it('an alarm that is raised three times in a minute chatters', () => {
    const records = [0, 10, 20].flatMap(second => [at(second, 1, 90), at(second + 5, 1, 1)])
    assert.deepEqual(figuresOf(records), ['1 chattering', 3, 3, 1])
  })
  it('a device whose clock is ahead hides the alarms of no other', () => {
    assert.deepEqual(figuresOf([...raised(60), at(3000, 99, 90)]), [
      'flood: 61 in 10 min',
      61,
      61,
      0
    ])
  })

  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
  const cases: readonly [name: string, alarmSeconds: readonly number[], said: readonly Said[]][] = [
    [
      'is over with fewer than five, ten minutes after the others, though nothing comes',
      numbers(12),
      [
        [11, 'flood: 12 in 10 min', 12, 12],
        [606, 'flood: 5 in 10 min', 5, 12],
        [607, undefined, 4, 12],
        [10_000, undefined, 0, 12]
      ]
    ],
    [
      'of one alarm a minute there is none, however long that goes on',
      numbers(50).map(minute => minute * 60),
      [[2940, undefined, 10, 10]]
    ],
    [
      'is counted to 10,000, and goes on with what is raised then',
      [...numbers(10_000).map(() => 0), ...numbers(20).map(() => 300)],
      [[600, 'flood: 20 in 10 min', 20, 10_000]]
    ]
  ]
  for (const [name, alarmSeconds, said] of cases)
    it(`a flood ${name}`, () => {
      let second = 0
      const figures = new AlarmFigures(() => second * 1000)
      for (const each of alarmSeconds) {
        second = each
        figures.raised(`d${each}`, false)
      }
      for (const [when, note, inTen, most] of said) {
        second = when
        assert.deepEqual(
          [figures.note, ...figures.gauges.map(([, value]) => value)],
          [note, inTen, most, 0]
        )
      }
    })

  it('what has chattered is counted for ten minutes', () => {
    let nowMs = 0
    const figures = new AlarmFigures(() => nowMs)
    figures.raised('d1', true)
    assert.equal(figures.note, '1 chattering')
    nowMs = 600_000
    assert.equal(figures.note, undefined)
  })
})
