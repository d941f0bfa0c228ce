import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { recordsOf } from '../../../core/record/message.ts'
import { PROVENANCE, Provenance, type TelemetryRecord } from '../../../core/record/record.ts'
import { learn } from '../../../nodes/join/learn.ts'
import { join } from '../../../nodes/join/logic.ts'
import { spec } from '../../../nodes/join/spec.ts'
import { type Ran, runMemory, type Step } from '../../core/state/run-memory.ts'
import { itRunsItsExamples } from '../spec-examples.ts'
import { at, joinOf, SILENCE, told, x, y } from './join-of.ts'

interface Case {
  readonly name: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly steps: readonly Step[]
  readonly joined: readonly string[]
  readonly alone?: readonly string[]
}

const NOW = { lateness: '0 s' } as const
const silent = (seconds: number): Step => ({ silentMs: seconds * 1000 })

const CASES: readonly Case[] = [
  {
    name: 'two of one time leave at once, whatever is waited for',
    options: { lateness: '1 min' },
    steps: [x(0, 1), y(0, 2)],
    joined: ['x1+y2']
  },
  {
    name: 'a pair waits until nothing nearer can come, and the nearer is taken',
    options: NOW,
    steps: [x(10, 1), y(12, 1), x(13, 2), x(30, 3)],
    joined: ['x2+y1'],
    alone: ['x1']
  },
  {
    name: 'a pair that is d apart leaves d later',
    options: NOW,
    steps: [x(10, 1), y(12, 1), at(13.9, 'x', 2)],
    joined: []
  },
  {
    name: 'of two that are as near the earlier is taken',
    options: NOW,
    steps: [y(8, 1), x(10, 1), y(12, 2), x(60, 2)],
    joined: ['x1+y1'],
    alone: ['y2']
  },
  {
    name: 'one to one: what is left over finds the next nearest',
    options: NOW,
    steps: [x(10, 1), y(11, 1), y(13, 2), x(12, 2), x(40, 3)],
    joined: ['x1+y1', 'x2+y2']
  },
  {
    name: 'exactly as far apart as is allowed, and a little more',
    options: NOW,
    steps: [x(0, 1), y(5, 1), x(100, 2), y(105.001, 2), x(200, 3)],
    joined: ['x1+y1'],
    alone: ['x2', 'y2']
  },
  {
    name: 'in a silence what waits is joined or leaves by itself',
    options: { ...NOW, idle: '5 s' },
    steps: [x(0, 1), y(2, 1), silent(7.5), x(100, 2), silent(11)],
    joined: ['x1+y1'],
    alone: ['x2']
  },
  {
    name: 'a late one is joined with what is still there, or leaves at once',
    options: NOW,
    steps: [y(2, 1), x(0, 1), x(60, 2), y(50, 2)],
    joined: ['x1+y1'],
    alone: ['y2']
  },
  {
    name: 'a left join: of the first leaves as joined, of the second not',
    options: { ...NOW, alone: 'first' },
    steps: [x(0, 1), x(20, 2), y(40, 1), y(60, 2)],
    joined: ['x1', 'x2'],
    alone: ['y1']
  },
  {
    name: 'an outer join',
    options: { ...NOW, alone: 'both' },
    steps: [x(0, 1), y(20, 1), x(40, 2)],
    joined: ['x1', 'y1']
  },
  {
    name: 'devices are apart, and their clocks too',
    options: NOW,
    steps: [x(0, 1), x(3600, 2, { device_id: 'b' }), y(0, 1), y(3600, 2, { device_id: 'b' })],
    joined: ['x1+y1', 'x2+y2']
  },
  {
    name: 'with one time for all, the slower partition decides what is late',
    options: { runs: 'all', within: '5 s', lateness: '1 s' },
    steps: [
      { given: x(0, 1), partition: 'p' },
      { given: y(0, 0, { device_id: 'b' }), partition: 'q' },
      { given: x(60, 2), partition: 'p', atMs: 0 },
      { given: y(1, 1), partition: 'q', atMs: 0 },
      { given: y(61, 2), partition: 'q', atMs: 0 },
      { given: x(120, 3), partition: 'p', atMs: 0 },
      { given: y(121, 3), partition: 'q', atMs: 0 }
    ],
    joined: ['x1+y1', 'x2+y2'],
    alone: ['y0']
  },
  {
    name: 'every pair, each as soon as both are there',
    options: { method: 'every', within: '2 s' },
    steps: [y(0, 1), x(1, 1), y(3, 2), x(3, 2), y(60, 3)],
    joined: ['x1+y1', 'x1+y2', 'x2+y2']
  },
  {
    name: 'every pair: what found none leaves when its time is over',
    options: { ...NOW, method: 'every', within: '2 s' },
    steps: [x(0, 1), y(3, 1), x(6, 2), SILENCE],
    joined: [],
    alone: ['x1', 'y1', 'x2']
  },
  {
    name: 'the last value: before, at the same time whichever comes first, and none yet',
    options: { method: 'last' },
    steps: [x(0, 1), y(5, 1), x(10, 2), x(20, 3), y(20, 2), x(30, 4), SILENCE],
    joined: ['x2+y1', 'x3+y2', 'x4+y2'],
    alone: ['x1']
  },
  {
    name: 'the last value: one that is too old is none',
    options: { ...NOW, method: 'last', notOlder: '10 s' },
    steps: [y(0, 1), x(10, 1), x(10.5, 2), y(20, 2), x(21, 3)],
    joined: ['x1+y1', 'x3+y2'],
    alone: ['x2']
  },
  {
    name: 'the last value of any age',
    options: { ...NOW, method: 'last', notOlder: '' },
    steps: [y(0, 1), x(500_000, 1)],
    joined: ['x1+y1']
  },
  {
    name: 'the last value: 0 s of waiting takes what has come by then',
    options: { ...NOW, method: 'last' },
    steps: [y(0, 1), x(10, 1), y(10, 2), x(20, 2)],
    joined: ['x1+y1', 'x2+y2']
  },
  {
    name: 'the last value: late ones take and give what their time had',
    options: { ...NOW, method: 'last' },
    steps: [y(0, 1), y(10, 2), y(5, 3), x(20, 1), x(15, 2)],
    joined: ['x1+y2', 'x2+y2']
  }
]

describe('join', () => {
  itRunsItsExamples(spec, options => {
    const { memory, clock, bounds } = join(options)
    return message => {
      const steps = (recordsOf(message.payload) as TelemetryRecord[]).map(given => ({
        given,
        message
      }))
      const { outputs } = runMemory(memory, steps, { clock, bounds })
      return [outputs[0] ?? [], outputs[1] ?? [], []]
    }
  })

  for (const { name, options = {}, steps, joined, alone = [] } of CASES)
    it(name, () => {
      for (const restarts of [false, true]) {
        const [together, unmatched] = told(joinOf(options, steps, restarts))
        const how = restarts ? 'with a restart after each' : 'without restarts'
        assert.deepEqual([together, unmatched], [[...joined], [...alone]], how)
      }
    })

  const reasons = ({ rejected }: Ran) => rejected.map(({ reason }) => reason.code)

  it('rejects what is of neither input, and what nobody can place', () => {
    const ran = joinOf({}, [at(0, 'z', 1), { metric: 'x' }, { ...x(0, 1), ts_utc: 'soon' }])
    assert.deepEqual(reasons(ran), ['INPUT_UNKNOWN', 'TS_MISSING', 'TS_UNPARSABLE'])
  })

  it('one that leaves at once without another counts in what leaves, as a joined one does', () => {
    for (const method of ['last', 'nearest']) {
      const steps = [x(10, 1), y(20, 1), x(30, 2), x(5, 3)]
      const ran = joinOf({ ...NOW, method, alone: 'both' }, steps)
      assert.deepEqual([ran.absorbed, ran.filtered], [4, 0], method)
    }
  })

  it('with an empty second input all others are of it', () =>
    assert.deepEqual(told(joinOf({ second: '', secondName: 'y' }, [x(0, 1), at(0, 'z', 2)]))[0], [
      'x1+y2'
    ]))

  it('is bounded: no key may have more records that wait', () => {
    const many = Array.from({ length: 5 }, (_, second) => x(second, second))
    for (const method of ['nearest', 'every', 'last']) {
      const ran = joinOf({ method, maxOpen: 3, lateness: '1 h', within: '1 h' }, many)
      assert.deepEqual(reasons(ran), ['STATE_FULL', 'STATE_FULL'], method)
    }
  })

  it('forgets a device of which nothing waits any more', () => {
    const steps = Array.from({ length: 50 }, (_, index) => {
      const device_id = `d${index}`
      return [x(index, 1, { device_id }), y(index, 2, { device_id })]
    }).flat()
    assert.equal(joinOf({}, steps).keys, 0)
  })

  it('tells inputs apart by topic, also where they came through Kafka, and by header', () => {
    const from = (record: TelemetryRecord, topic: string, headers: Record<string, string> = {}) => {
      const origin = {
        kind: 'kafka',
        topic: 'raw',
        partition: 0,
        offset: '0',
        timestamp: '0'
      } as const
      const taken = { origin, key: null, headers: { ...headers, 'mqtt.topic': topic }, raw: null }
      return { ...record, [PROVENANCE]: new Provenance({ at: () => taken }, 0) }
    }
    const byTopic = { by: 'topic', firstTopic: 'acme/+/x', secondTopic: 'acme/#' }
    assert.deepEqual(
      told(joinOf(byTopic, [from(x(0, 1), 'acme/1/x'), from(y(0, 2), 'acme/1/y')]))[0],
      ['x1+y2']
    )
    const byHeader = { by: 'header', byHeader: 'kind', first: 'a, b', second: 'c' }
    const steps = [from(x(0, 1), 't', { kind: 'b' }), from(y(0, 2), 't', { kind: 'c' }), y(1, 3)]
    const ran = joinOf(byHeader, steps)
    assert.deepEqual([told(ran)[0], reasons(ran)], [['x1+y2'], ['INPUT_UNKNOWN']])
  })

  it('keeps of each record neither its bytes nor where it came from', () => {
    const provenance = new Provenance({ at: () => assert.fail('asked') }, 0)
    const steps = [{ ...x(0, 1), [PROVENANCE]: provenance }, x(60, 2)]
    const [alone] = joinOf(NOW, steps).outputs[1]!
    assert.equal(Object.getOwnPropertySymbols(alone).length, 0)
  })

  it('has the fields on which both agree, and names that are free', () => {
    const first = x(0, 1, { site: 'A', unit: 'C', tags: ['a'] })
    const second = { ...y(0, 2, { site: 'A', unit: '%', tags: ['a'] }), metric: 'site' }
    const [joined] = joinOf({ second: 'site' }, [first, second]).outputs[0]!
    const { device_id, ts_utc } = first
    assert.deepEqual(joined, { device_id, ts_utc, site: 'A', tags: ['a'], x: 1, site_2: 2 })
  })

  it('copies what the first does not have where no field is named', () => {
    const steps = [x(0, 1), y(0, 2, { unit: '%', deep: { a: 1 } })]
    const [joined] = joinOf({ shape: 'copy', copy: [], otherTime: 'of.y' }, steps).outputs[0]!
    assert.deepEqual(joined, {
      ...x(0, 1),
      unit: '%',
      deep: { a: 1 },
      of: { y: '2026-03-01T10:00:00.000Z' }
    })
  })

  it('refuses settings that cannot be used', () => {
    const refused = (options: object) => () => join(parseOptions(spec, { ...options }))
    assert.throws(refused({ within: '8 d' }), /Apart in time, at most: 8 d is too long/)
    assert.throws(refused({ first: 'a', second: 'a' }), /Second input: must be another one/)
    assert.throws(refused({ by: 'topic' }), /First input: is required/)
    assert.throws(refused({ first: '' }), /First input: is required/)
  })

  it('learns the device and two metrics, and asks which', async () => {
    const observed = [{ topic: '', payload: [x(0, 1), y(0, 2), at(0, 'z', 3)] }]
    const { findings, questions } = await learn(observed, {}, { first: 'y' })
    const settings = Object.assign({}, ...findings.map(finding => finding.settings))
    assert.deepEqual(settings, {
      key: [{ field: 'device_id' }],
      by: 'field',
      byField: 'metric',
      first: 'y',
      second: 'x'
    })
    assert.deepEqual(
      questions.map(({ name }) => name),
      ['first', 'second']
    )
  })
})
