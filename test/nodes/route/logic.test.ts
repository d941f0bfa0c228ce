import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { answer } from '../../../core/record/message.ts'
import {
  type Batch,
  PROVENANCE,
  Provenance,
  provenanceOf,
  type TelemetryRecord
} from '../../../core/record/record.ts'
import { router } from '../../../nodes/route/logic.ts'
import { Met } from '../../../nodes/route/met.ts'
import { OPERATORS, type OperatorName } from '../../../nodes/route/operators.ts'
import { routerOverTime } from '../../../nodes/route/over-time.ts'
import type { RuleCondition } from '../../../nodes/route/rules.ts'
import { spec } from '../../../nodes/route/spec.ts'
import { runMemory } from '../../core/state/run-memory.ts'
import { isMerged, itRunsItsExamples } from '../spec-examples.ts'

const start = (options: Record<string, unknown>) => router(parseOptions(spec, options))
const rule = (...conditions: object[]) => ({ match: 'all', conditions })

/** The values that pass and those that do not, by operator. */
const outcomes: [
  operator: OperatorName,
  operands: Partial<RuleCondition>,
  yes: unknown[],
  no: unknown[]
][] = [
  ['equals', { value: 80 }, [80, 80.0], ['80', 81, true, null, undefined, [80], Number.NaN]],
  ['equals', { value: '80' }, ['80'], [80, '80.0', ' 80']],
  ['equals', { value: true }, [true], ['true', 1]],
  ['equals', { value: '' }, [''], [0, undefined]],
  ['not_equals', { value: 80 }, ['80', 81, null, undefined, {}], [80]],
  [
    'gt',
    { value: 80 },
    [80.1, Number.MAX_VALUE],
    [80, '90', '9'.repeat(99), true, null, undefined, [90], Number.NaN]
  ],
  [
    'gt',
    { value: '2024-02-23T00:00:00.000Z' },
    ['2024-02-23T00:00:00.001Z', '2025'],
    ['2024-02-22', 1e12, undefined]
  ],
  ['gte', { value: 80 }, [80, 81], [79.9, '80']],
  ['lt', { value: 0 }, [-0.1, Number.NEGATIVE_INFINITY], [0, -0, '', null, undefined, false]],
  ['lte', { value: 0 }, [0, -0], [0.1, null]],
  ['between', { value: 10, value2: 20 }, [10, 15.5, 20], [9.9, 20.1, '15', null]],
  ['between', { value: 'a', value2: 'c' }, ['a', 'bb', 'c'], ['d', 1]],
  ['in', { value: ['a', 1, true] }, ['a', 1, true], ['b', '1', 'true', null, undefined]],
  ['not_in', { value: ['a', 1] }, ['b', '1', null, undefined], ['a', 1]],
  [
    'contains',
    { value: 'x' },
    ['axb', ['x'], ['a', 'x']],
    ['X', '', ['ax'], { x: 1 }, 5, undefined]
  ],
  ['contains', { value: 5 }, [[5]], ['5', 5, ['5']]],
  ['starts_with', { value: 'ab' }, ['ab', 'abc'], ['xab', 'AB', ['ab'], undefined]],
  ['ends_with', { value: 'ab' }, ['ab', 'xab'], ['abx', 5]],
  [
    'matches',
    { value: '^s-\\d+$' },
    ['s-1', 's-001'],
    ['s-', 'xs-1', 5, undefined, `s-${'1'.repeat(300)}x`]
  ],
  [
    'matches',
    { value: '^([a-z]+-?)+$' },
    ['hall-a', 'a'.repeat(100_000)],
    [`${'a'.repeat(100_000)}!`]
  ],
  ['matches', { value: '(a|b)*a(a|b){2000}c' }, [], [`${'ab'.repeat(10_000)}c`]],
  ['topic_matches', { value: 'a/{x}/+' }, ['a/b/c'], ['a/b', 'b/b/c', 5, undefined]],
  [
    'in_hours',
    { value: 'Mon-Fri 06:00-22:00', value2: 'Europe/Berlin' },
    ['2026-03-02T05:00:00Z', Date.parse('2026-03-02T20:59:00Z')],
    ['2026-03-02T04:59:00Z', '2026-03-01T12:00:00Z', 'soon', null]
  ],
  [
    'outside_hours',
    { value: '06:00-22:00', value2: 'UTC' },
    ['2026-03-02T05:00:00Z'],
    ['2026-03-02T06:00:00Z', 'soon', undefined]
  ],
  ['missing', {}, [undefined, null], [0, '', false, []]],
  ['present', {}, [0, '', false, []], [undefined, null]],
  ['is_true', {}, [true], ['true', 1, undefined]],
  ['is_false', {}, [false], [0, '', null, undefined]],
  ['is_number', {}, [0, -1.5], ['1', Number.NaN, Number.POSITIVE_INFINITY, null]],
  ['is_text', {}, ['', 'x'], [1, null, ['x']]]
]

describe('nodes/route', () => {
  itRunsItsExamples(spec, options => {
    const remembering = routerOverTime(options, new Met(1))
    if (remembering === undefined) {
      const route = router(options)
      return message => route(message).outputs
    }
    const { memory, clock, bounds, outputs } = remembering
    return ({ payload }) => {
      const ran = runMemory(memory, payload as TelemetryRecord[], { clock, bounds }).outputs
      return Array.from({ length: outputs!.count }, (_, index) => ran[index] ?? [])
    }
  })

  it('has every operator in the table', () => {
    assert.deepEqual(
      new Set(outcomes.map(([operator]) => operator)),
      new Set(Object.keys(OPERATORS))
    )
  })
  for (const [operator, operands, yes, no] of outcomes) {
    it(`v ${operator} ${JSON.stringify(operands)}`, () => {
      const route = start({ rules: [rule({ field: 'v', operator, ...operands })] })
      const wrap = (values: unknown[]) => values.map(v => (v === undefined ? {} : { v }))
      assert.deepEqual(route({ payload: wrap([...yes, ...no]) }).outputs, [wrap(yes), wrap(no)])
    })
  }

  const both = [
    { field: 'a', operator: 'present' },
    { field: 'b.c', operator: 'present' }
  ]
  const matches: [match: string, record: object, expected: boolean][] = [
    ['all', { a: 1, b: { c: 1 } }, true],
    ['all', { a: 1 }, false],
    ['any', { b: { c: 1 } }, true],
    ['any', { b: {} }, false],
    ['any', JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":{"c":1}}}'), false]
  ]
  for (const [match, record, expected] of matches) {
    it(`${match} of two conditions, ${JSON.stringify(record)}: ${expected}`, () => {
      const { outputs } = start({ rules: [{ match, conditions: both }] })({ payload: record })
      assert.equal(outputs[0]!.length === 1, expected)
    })
  }

  it('takes the first rule that is met, or every one', () => {
    const rules = [
      rule({ field: 'v', operator: 'gt', value: 10 }),
      rule({ field: 'v', operator: 'gt', value: 5 })
    ]
    const payload = [{ v: 11 }, { v: 7 }, { v: 1 }]
    assert.deepEqual(start({ rules })({ payload }).outputs, [[{ v: 11 }], [{ v: 7 }], [{ v: 1 }]])
    assert.deepEqual(start({ rules, send: 'every' })({ payload }).outputs, [
      [{ v: 11 }],
      [{ v: 11 }, { v: 7 }],
      [{ v: 1 }]
    ])
  })

  it('gives every output a record of its own, with where it came from', () => {
    const provenance = new Provenance({ at: () => assert.fail('nobody asked') } satisfies Batch, 0)
    const record = { v: { w: 1 }, [PROVENANCE]: provenance }
    const rules = [
      rule({ field: 'v', operator: 'present' }),
      rule({ field: 'v.w', operator: 'present' })
    ]
    const [[first], [second]] = start({ rules, send: 'every' })({ payload: record }).outputs as [
      [typeof record],
      [typeof record]
    ]
    assert.equal(first, record)
    second.v.w = 2
    assert.equal(record.v.w, 1)
    assert.equal(provenanceOf(second), provenance)
  })

  it('counts what ends here where the rest has no output', () => {
    const routed = start({ otherwise: false })({ payload: [{ v: 1 }, { value: 81 }, 'text', null] })
    assert.deepEqual(routed, { outputs: [[{ value: 81 }]], filtered: 3 })
  })

  it('answers in kind: arrays for arrays, nothing for no records', () => {
    const message = { payload: [{ value: 81 }], topic: 't', _msgid: 'm' }
    assert.deepEqual(answer(message, start({})(message).outputs), [{ ...message }, null])
  })

  it('looks at the topic', () => {
    const rules = [
      rule({ field: 'msg.topic', operator: 'topic_matches', value: 'a/#' }),
      rule({ field: 'msg.topic', operator: 'missing' })
    ]
    const route = start({ rules })
    assert.deepEqual(
      [
        route({ payload: 1, topic: 'a/b' }),
        route({ payload: 1 }),
        route({ payload: 1, topic: 'b' })
      ].map(({ outputs }) => outputs.findIndex(records => records.length > 0)),
      [0, 1, 2]
    )
  })

  const broken: [rules: unknown, problem: RegExp][] = [
    ['x', /Rules: must be a list/],
    [[], /at least one rule/],
    [[5], /rule 1 must be an object/],
    [[{ match: 'all', conditions: [] }], /rule 1 has no conditions/],
    [[{ match: 'some', conditions: both }], /rule 1: match must be all or any/],
    [[rule({ field: '', operator: 'present' })], /rule 1, row 1: "" is not the path/],
    [[rule({ field: '__proto__', operator: 'present' })], /"__proto__" is not the path/],
    [[rule({ field: 'a', operator: 'toString' })], /there is no operator "toString"/],
    [[rule({ field: 'a', operator: 'gt' })], /give a number, a text/],
    [[rule({ field: 'a', operator: 'gt', value: true })], /compare with a number or a text/],
    [[rule({ field: 'a', operator: 'gt', value: Number.NaN })], /give a number/],
    [[rule({ field: 'a', operator: 'between', value: 2, value2: 1 })], /the lower end comes first/],
    [
      [rule({ field: 'a', operator: 'between', value: 2, value2: '3' })],
      /both numbers|both ends must be numbers/
    ],
    [[rule({ field: 'a', operator: 'in', value: [] })], /give the values/],
    [[rule({ field: 'a', operator: 'in', value: [{}] })], /the values must be/],
    [[rule({ field: 'a', operator: 'matches', value: '[' })], /Invalid regular expression/],
    [[rule({ field: 'a', operator: 'matches', value: '(a+)\\1' })], /references back/],
    [[rule({ field: 'a', operator: 'topic_matches', value: 'a/#/b' })], /# must be the last level/],
    [
      [
        rule({ field: 'a', operator: 'starts_with', value: 5 }),
        rule({ field: 'b', operator: 'x' })
      ],
      /rule 1, row 1: give a text; Rules: rule 2, row 1: there is no/
    ]
  ]
  for (const [rules, problem] of broken) {
    it(`refuses ${JSON.stringify(rules)} at deploy`, () =>
      assert.throws(() => start({ rules }), { code: 'OPTIONS_INVALID', message: problem }))
  }

  describe('for any rules and records', () => {
    const value = fc.oneof(
      fc.integer({ min: -5, max: 5 }),
      fc.constantFrom('a', 'b', '1', ''),
      fc.boolean()
    )
    const field = fc.constantFrom('a', 'b', 'c.d', 'msg.topic')
    const condition = fc.oneof(
      fc.record({ field, operator: fc.constantFrom('equals', 'not_equals', 'contains'), value }),
      fc.record({
        field,
        operator: fc.constantFrom('gt', 'lte'),
        value: fc.integer({ min: -5, max: 5 })
      }),
      fc.record({
        field,
        operator: fc.constantFrom('in', 'not_in'),
        value: fc.array(value, { minLength: 1 })
      }),
      fc.record({ field, operator: fc.constantFrom('missing', 'present', 'is_true', 'is_text') })
    )
    const rules = fc.array(
      fc.record({
        match: fc.constantFrom('all', 'any'),
        conditions: fc.array(condition, { minLength: 1, maxLength: 3 })
      }),
      {
        minLength: 1,
        maxLength: 4
      }
    )
    const record = fc.oneof(
      fc.record({ a: value, b: value, c: fc.record({ d: value }) }, { requiredKeys: [] }),
      fc.anything({ withNullPrototype: true, withDate: true, withMap: true })
    )

    it('first: every record in exactly one output, in order', () => {
      fc.assert(
        fc.property(rules, fc.array(record), (rules, payload) =>
          assert.ok(isMerged(payload, ...start({ rules })({ payload }).outputs))
        )
      )
    })
    it('every: each rule alone gives its output, and no object is in two', () => {
      fc.assert(
        fc.property(
          rules,
          fc.array(fc.record({ a: value, b: value }, { noNullPrototype: true })),
          (rules, payload) => {
            const { outputs } = start({ rules, send: 'every', otherwise: false })({ payload })
            const alone = rules.map(
              one => start({ rules: [one], otherwise: false })({ payload }).outputs[0]
            )
            assert.deepEqual(outputs, alone)
            assert.equal(new Set(outputs.flat()).size, outputs.flat().length)
          }
        )
      )
    })
  })
})
