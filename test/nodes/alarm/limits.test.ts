import assert from 'node:assert/strict'
import type { Step } from '../../core/state/run-memory.ts'
import { at, RAISED, run, story } from './alarm-of.ts'

describe('alarm: limits of each device', () => {
  const stories: [
    name: string,
    options: Record<string, unknown>,
    steps: readonly Step[],
    told: readonly string[]
  ][] = [
    [
      'a limit of each device, from its field; without one that of all',
      { limitField: 'meta.limit', deadband: 5, acknowledge: false },
      [
        at(0, 85, { meta: { limit: 90 } }),
        at(1, 91, { meta: { limit: 90 } }),
        at(2, 86, { meta: { limit: 90 } }),
        at(3, 85, { meta: { limit: '90' } }),
        at(4, 81),
        at(5, 75),
        at(6, 81, { meta: { limit: null } })
      ],
      [`1 ${RAISED}`, '3 returned normal', `4 ${RAISED}`, '5 returned normal', `6 ${RAISED}`]
    ],
    [
      'a limit that is changed counts from the next record on',
      { limitField: 'limit', when: 'below', acknowledge: false },
      [at(0, 10, { limit: 5 }), at(1, 10, { limit: 12 }), at(2, 10, { limit: 9 })],
      [`1 ${RAISED}`, '2 returned normal']
    ]
  ]
  for (const [name, options, steps, told] of stories)
    it(name, () => assert.deepEqual(story(options, steps), told))

  it('tells the limit of the device, and rejects one that is no number', () => {
    const of = (second: number, value: unknown, limit: unknown) => at(second, value, { limit })
    const { outputs, rejected } = run({ limit: 80, limitField: 'limit' }, [
      of(0, 91, 90),
      of(1, 70, undefined),
      of(2, 99, 'high'),
      of(3, 99, {})
    ])
    const limits = outputs[0]?.map(({ event, limit }) => [event, limit])
    assert.deepEqual(limits, [
      ['raised', 90],
      ['returned', 80]
    ])
    assert.deepEqual(
      rejected.map(({ reason }) => [reason.code, reason.path]),
      [2, 3].map(() => ['VALUE_UNUSABLE', 'limit'])
    )
  })
})
