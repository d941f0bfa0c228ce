import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { recordsOf } from '../../../core/record/message.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec } from '../../../nodes/alarm/spec.ts'
import { runMemory, type Step } from '../../core/state/run-memory.ts'
import { itRunsItsExamples } from '../spec-examples.ts'
import { at, command, RAISED, run, runOnce, silent, story, timeOf, told } from './alarm-of.ts'

describe('alarm', () => {
  itRunsItsExamples(spec, options => {
    const { memory, clock, bounds } = alarm(options)
    return ({ payload }) => {
      const steps = recordsOf(payload) as TelemetryRecord[]
      return [runMemory(memory, steps, { clock, bounds }).outputs[0] ?? [], []]
    }
  })

  const stories: [
    name: string,
    options: Record<string, unknown>,
    steps: readonly Step[],
    told: readonly string[]
  ][] = [
    ['nothing at the limit', {}, [at(0, 80), at(1, 79)], []],
    [
      'raised, returned and open until it is acknowledged',
      {},
      [at(0, 81), at(1, 80), command('acknowledge'), at(2, 81)],
      [
        `0 ${RAISED}`,
        '1 returned returned-unacknowledged',
        '1.001 acknowledged normal',
        `2 ${RAISED}`
      ]
    ],
    [
      'acknowledged while it is active',
      {},
      [at(0, 81), command('acknowledge'), at(5, 85), at(9, 70)],
      [`0 ${RAISED}`, '0.001 acknowledged active-acknowledged', '9 returned normal']
    ],
    [
      'acknowledged once only',
      {},
      [command('acknowledge'), at(0, 81), command('acknowledge'), command('acknowledge')],
      [`0 ${RAISED}`, '0.001 acknowledged active-acknowledged']
    ],
    [
      'raised anew although it was never acknowledged',
      {},
      [at(0, 81), at(1, 70), at(2, 82)],
      [`0 ${RAISED}`, '1 returned returned-unacknowledged', `2 ${RAISED}`]
    ],
    [
      'over at once where nobody must acknowledge',
      { acknowledge: false },
      [at(0, 81), at(1, 70)],
      [`0 ${RAISED}`, '1 returned normal']
    ],
    [
      'on above 80, off at 75',
      { deadband: 5, acknowledge: false },
      [at(0, 81), at(1, 76), at(2, 79), at(3, 75), at(4, 79), at(5, 80.1)],
      [`0 ${RAISED}`, '3 returned normal', `5 ${RAISED}`]
    ],
    [
      'only when it was so for 30 s',
      { onDelay: '30 s' },
      [at(0, 81), at(20, 79), at(30, 81), at(50, 81), at(70, 82)],
      [`60 ${RAISED}`]
    ],
    [
      'also where nothing more comes',
      { onDelay: '30 s' },
      [at(0, 81), silent(40)],
      [`30 ${RAISED}`]
    ],
    [
      'returned only when it was so for 10 s',
      { offDelay: '10 s', acknowledge: false },
      [at(0, 81), at(1, 70), at(5, 81), at(6, 70), at(20, 70)],
      [`0 ${RAISED}`, '16 returned normal']
    ],
    [
      'at most once in ten minutes, and then if it is still so',
      { pause: '10 min', acknowledge: false },
      [at(0, 81), at(1, 70), at(2, 81), at(3, 70), at(500, 81), at(700, 81)],
      [`0 ${RAISED}`, '1 returned normal', `600 ${RAISED}`]
    ],
    [
      'a device that is silent, and is back',
      { when: 'silent', silence: '5 min', acknowledge: false },
      [at(0, 1), at(200, 1), at(600, 1), silent(400)],
      [`500 ${RAISED}`, '600 returned normal', `900 ${RAISED}`]
    ],
    [
      'a door that is open for a minute',
      { when: 'equals', text: 'open', onDelay: '1 min' },
      [at(0, 'open'), at(30, 'shut'), at(40, 'open'), at(120, 'open')],
      [`100 ${RAISED}`]
    ],
    [
      'true as a value',
      { when: 'differs', text: 'true' },
      [at(0, true), at(1, false)],
      [`1 ${RAISED}`]
    ],
    [
      'outside of two limits',
      { when: 'outside', low: 2, high: 8, deadband: 1, acknowledge: false },
      [at(0, 5), at(1, 1.9), at(2, 2.5), at(3, 3), at(4, 9)],
      [`1 ${RAISED}`, '3 returned normal', `4 ${RAISED}`]
    ],
    [
      'shelved: nobody hears of it, until it is not any more',
      {},
      [at(0, 70), command('shelve', { for: '1 min' }), at(10, 81), at(20, 81), silent(60)],
      ['0 shelved shelved', '60 unshelved active-unacknowledged', `60.001 ${RAISED}`]
    ],
    [
      'returned while it was shelved',
      {},
      [at(0, 81), command('shelve'), at(5, 70), command('unshelve', { ts_utc: timeOf(9) })],
      [
        `0 ${RAISED}`,
        '0.001 shelved shelved',
        '9 unshelved returned-unacknowledged',
        '9.001 returned returned-unacknowledged'
      ]
    ],
    [
      'returned and acknowledged while it was shelved',
      {},
      [
        at(0, 81),
        command('shelve'),
        at(5, 70),
        command('acknowledge'),
        command('unshelve', { ts_utc: timeOf(9) })
      ],
      [
        `0 ${RAISED}`,
        '0.001 shelved shelved',
        '5 acknowledged shelved',
        '9 unshelved normal',
        '9.001 returned normal'
      ]
    ],
    [
      'returned and so again while it was shelved: one alarm',
      {},
      [at(0, 81), command('shelve'), at(5, 70), at(7, 85), command('unshelve'), at(9, 70)],
      [
        `0 ${RAISED}`,
        '0.001 shelved shelved',
        '7 unshelved active-unacknowledged',
        '9 returned returned-unacknowledged'
      ]
    ],
    [
      'shelved twice at one time',
      {},
      [at(0, 70), command('shelve'), command('unshelve'), command('shelve')],
      ['0 shelved shelved', '0.001 unshelved normal', '0.002 shelved shelved']
    ],
    [
      'shelved no longer than allowed',
      { longestShelf: '30 s' },
      [at(0, 81), command('shelve', { for: '1 d' }), at(31, 81)],
      [`0 ${RAISED}`, '0.001 shelved shelved', '30 unshelved active-unacknowledged']
    ],
    [
      'out of service',
      {},
      [at(0, 70), command('out-of-service'), at(1, 99), at(2, 70), command('in-service')],
      ['0 out-of-service out-of-service', '2 in-service normal']
    ],
    [
      'a silence that goes on behind commands and restarts',
      { when: 'silent', silence: '5 min' },
      [
        at(0, 1),
        silent(140),
        command('acknowledge'),
        silent(140),
        command('acknowledge'),
        silent(40)
      ],
      [`300 ${RAISED}`]
    ],
    [
      'returned by a record that was held up: not before it was raised',
      { when: 'silent', silence: '5 min' },
      [at(0, 1), silent(310), at(60, 1)],
      [`300 ${RAISED}`, '300.001 returned returned-unacknowledged']
    ],
    ['what comes late changes nothing', {}, [at(10, 81), at(5, 70), at(11, 82)], [`10 ${RAISED}`]]
  ]
  for (const [name, options, steps, told] of stories)
    it(name, () => assert.deepEqual(story(options, steps), told))

  it('takes a command without a time as given now, also in a silence', () => {
    const missing = { when: 'silent', silence: '5 min' }
    assert.deepEqual(told(runOnce(missing, [at(0, 1), silent(401), command('acknowledge')])), [
      `300 ${RAISED}`,
      '400 acknowledged active-acknowledged'
    ])
    const shelve = command('shelve', { for: '1 min' })
    assert.deepEqual(
      told(runOnce({ ...missing, silence: '1 h' }, [at(0, 1), silent(4001), shelve, silent(62)])),
      [`3600 ${RAISED}`, '4000 shelved shelved', '4060 unshelved active-unacknowledged']
    )
  })

  it('keeps devices apart', () => {
    const { outputs } = run({}, [at(0, 81), at(1, 70, { device_id: 'b' }), at(2, 90)])
    assert.deepEqual(
      outputs[0]?.map(({ device_id, event }) => [device_id, event]),
      [['a', 'raised']]
    )
  })

  it('names an alarm the same from its start to its end, and another by another name', () => {
    const { outputs } = run({ acknowledge: false }, [at(0, 81), at(1, 70), at(2, 81)])
    const ids = outputs[0]?.map(({ alarm_id }) => alarm_id) ?? []
    assert.equal(ids[0], ids[1])
    assert.notEqual(ids[0], ids[2])
  })

  it('tells the peak, also of numbers with more digits than a double has', () => {
    const { outputs } = run({ acknowledge: false }, [at(0, 81), at(1, 9007199254740993n), at(2, 1)])
    assert.equal(outputs[0]?.[1]?.peak, '9007199254740993')
  })

  it('tells the peak of an alarm, not of what came after it', () => {
    const steps = [at(0, 81), at(40, 83), at(50, 70), at(60, 95), command('acknowledge')]
    const { outputs } = run({ onDelay: '30 s' }, steps)
    assert.deepEqual(
      outputs[0]?.map(({ event, peak }) => [event, peak]),
      [
        ['raised', 81],
        ['returned', 83],
        ['acknowledged', 83]
      ]
    )
  })

  it('keeps ids apart, also of nested fields and of names with a slash', () => {
    const key = [{ field: 'meta.id' }, { field: 'metric' }]
    const of = (id: string, metric: string) => at(0, 81, { meta: { id }, metric })
    const { outputs } = run({ key }, [of('a/b', 'c'), of('a', 'b/c'), of('a%2Fb', 'c')])
    assert.deepEqual(
      outputs[0]?.map(({ alarm_id }) => String(alarm_id).replace(/\/2026.*/, '')),
      ['too high/a%2Fb/c', 'too high/a/b%2Fc', 'too high/a%252Fb/c']
    )
  })

  it('begins another alarm at the same time with another id', () => {
    const { outputs } = run({ acknowledge: false }, [at(0, 81), at(0, 70), at(0, 82)])
    assert.equal(new Set(outputs[0]?.map(({ alarm_id }) => alarm_id)).size, 2)
  })

  it('reads and writes the time where its path leads', () => {
    const options = { timeField: 'meta.ts', key: [{ field: 'meta.id' }] }
    const of = (second: number, more: object) => ({
      meta: { id: 'a', ts: timeOf(second) },
      ...more
    })
    const { outputs } = run(options, [of(0, { value: 81 }), of(9, { command: 'acknowledge' })])
    assert.deepEqual(
      outputs[0]?.map(({ meta, event }) => [event, meta]),
      [
        ['raised', { id: 'a', ts: timeOf(0) }],
        ['acknowledged', { id: 'a', ts: timeOf(9) }]
      ]
    )
  })

  it('says that it chatters: three times in a minute', () => {
    const steps = [0, 10, 20, 200].flatMap(second => [at(second, 81), at(second + 1, 70)])
    const { outputs } = run({ acknowledge: false }, steps)
    const raised = outputs[0]?.filter(({ event }) => event === 'raised') ?? []
    assert.deepEqual(
      raised.map(({ chattering }) => chattering),
      [undefined, undefined, true, undefined]
    )
  })

  it('rejects what cannot be judged, and commands that do not exist', () => {
    const { rejected } = run({}, [
      at(0, 'n/a'),
      at(1, null),
      at(2, Number.NaN),
      command('open'),
      command('shelve', { for: 'long' }),
      { command: 'acknowledge' }
    ])
    assert.deepEqual(
      rejected.map(({ reason }) => reason.code),
      [
        'VALUE_UNUSABLE',
        'VALUE_UNUSABLE',
        'VALUE_UNUSABLE',
        'COMMAND_UNKNOWN',
        'COMMAND_UNKNOWN',
        'KEY_MISSING'
      ]
    )
  })

  it('a command for what was never heard of does nothing', () => {
    const { outputs, keys } = run({}, [command('shelve')])
    assert.deepEqual([outputs, keys], [[], 0])
  })

  it('tells nothing of what it watched by other fields', () => {
    const missing = { when: 'silent', silence: '5 min' }
    const byDevice = { ...missing, key: [{ field: 'device_id' }] }
    const byBoth = { ...missing, key: [{ field: 'device_id' }, { field: 'metric' }] }
    for (const [before, after, raised] of [
      [byBoth, byDevice, 0],
      [byDevice, byBoth, 0],
      [byBoth, { ...byBoth, silence: '6 min' }, 1]
    ] as const) {
      const redeployed = alarm(parseOptions(spec, after)) as never
      const { outputs } = runOnce(before, [at(0, 1), { redeployed }, silent(900)])
      assert.equal(outputs[0]?.length ?? 0, raised)
    }
  })

  it('refuses limits between which nothing is left', () => {
    for (const options of [
      { when: 'outside', low: 5, high: 5 },
      { when: 'outside', low: 0, high: 10, deadband: 5 },
      { when: 'silent', silence: '0 s' }
    ])
      assert.throws(() => alarm(parseOptions(spec, options)), /alarm/)
  })
})
