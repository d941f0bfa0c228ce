import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { memoryPreview } from '../../../core/state/memory-preview.ts'
import editor from '../../../nodes/aggregate/editor.ts'
import { aggregator } from '../../../nodes/aggregate/logic.ts'
import { spec } from '../../../nodes/aggregate/spec.ts'
import { BEGIN_MS, reading, rows } from './aggregate-of.ts'

/** Told of nothing: what it makes is in `emitted`. */
const turnOf = (emitted: object[]) => ({
  clockMs: BEGIN_MS,
  emit: (_output: number, record: object) => emitted.push(record),
  reject: () => assert.fail('nothing is rejected'),
  absorb: () => undefined
})

describe('aggregate: other settings', () => {
  const memoryOf = (options: Readonly<Record<string, unknown>>) =>
    aggregator(parseOptions(spec, options)).memory
  const taken = () =>
    structuredClone(memoryOf({}).take(undefined, reading(1, 5), BEGIN_MS + 1000, turnOf([])))!

  for (const [name, options, value] of [
    ['of functions', { functions: rows('percentile:50') }, undefined],
    ['of the window', { length: '2 min' }, undefined],
    ['of nothing that windows are made of', { lateness: '1 s', silent: true }, 5]
  ] as const)
    it(`${name}: an open window of those before ${value ? 'goes on' : 'is forgotten'}`, () => {
      const emitted: { value?: unknown }[] = []
      memoryOf(options).due!(taken(), BEGIN_MS + 60_000, turnOf(emitted))
      assert.deepEqual(
        emitted.map(record => record.value),
        value === undefined ? [] : [value]
      )
    })

  it('a record of its key begins anew', () => {
    const functions = rows('percentile:50')
    const { w: windows } = memoryOf({ functions }).take(
      taken(),
      reading(2, 9),
      BEGIN_MS + 2000,
      turnOf([])
    )!
    assert.deepEqual(
      windows.map(({ n, a }) => [n, a]),
      [[1, [{ values: [9] }]]]
    )
  })
})

describe('aggregate: dialog', () => {
  for (const [name, options] of [
    ['tumbling', { length: '1 h' }],
    ['a month', { window: 'calendar', calendar: 'month' }],
    ['a session', { window: 'session', gap: '1 d' }]
  ] as const)
    it(`shows what becomes of its message when its windows end: ${name}`, async () => {
      const preview = memoryPreview(spec, aggregator)(
        parseOptions(spec, options),
        () => undefined,
        () => undefined
      )
      const sorted = await preview.sort({ payload: [reading(0, 1), reading(1, 3)] })
      const [results = []] = sorted.outputs
      assert.deepEqual(
        results.map(record => (record as { value: number }).value),
        [2]
      )
    })

  const labels: readonly (readonly [settings: object, label: string])[] = [
    [{}, 'avg of 1 min'],
    [{ functions: rows('avg', 'percentile:95'), window: 'calendar' }, 'avg, p95 of a day'],
    [{ window: 'hopping', length: '15 min', every: '1 min' }, 'avg of 15 min each 1 min'],
    [{ window: 'session', gap: '5 min' }, 'avg until silent for 5 min'],
    [
      { functions: rows('avg', 'min', 'max', 'stddev', 'first', 'last', 'range') },
      '7 results of 1 min'
    ]
  ]
  for (const [settings, label] of labels)
    it(`says what it does: ${label}`, () =>
      assert.equal(editor.label(parseOptions(spec, settings as Record<string, unknown>)), label))
})
