import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compileSchema } from '../../../core/json-schema/schema.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { validator } from '../../../nodes/validate/logic.ts'
import { spec } from '../../../nodes/validate/spec.ts'

const compile = (schema: unknown) => compileSchema(schema, { draft: '2020-12', coerce: false })
const withSchema = (schema: unknown) =>
  validator(parseOptions(spec, { schema: JSON.stringify(schema) }))
const list = <T>(length: number, item: (index: number) => T) =>
  Array.from({ length }, (_, index) => item(index))
const deep = (levels: number, leaf: unknown): unknown =>
  levels === 0 ? leaf : { a: deep(levels - 1, leaf) }
const branch = (required: string[]) => ({
  type: 'object',
  properties: { a: { $ref: '#/$defs/n' } },
  required
})
const tree = (keyword: string, ...branches: unknown[]) => ({
  $defs: { n: { [keyword]: branches } },
  $ref: '#/$defs/n'
})

/**
 * Records that took from seconds to ages. Mocha ends what takes longer than its limit; what is
 * counted, and what the limits are, is pinned by the codes.
 */
const hostile: [name: string, schema: unknown, value: unknown, code: string][] = [
  ['an id', { pattern: '^([a-zA-Z0-9]+-?)+$' }, `${'a'.repeat(41)}!`, 'FIELD_VALUE'],
  [
    'a list of names',
    { pattern: '^(([a-z0-9.-]+)(,|,\\s)?)+$' },
    'gateway-01.hall-a.example.node.one-two-three/unit.htm?x=1',
    'FIELD_VALUE'
  ],
  ['white space', { pattern: '\\s+$' }, `${' '.repeat(100_000)}x`, 'FIELD_VALUE'],
  [
    'a pattern of thousands of states',
    { pattern: '(a|b)*a(a|b){3000}c' },
    'ab'.repeat(200_000),
    'SCHEMA_TOO_COSTLY'
  ],
  [
    'names of fields',
    { propertyNames: { pattern: '^([a-z]+)+$' } },
    { [`${'a'.repeat(50_000)}!`]: 1 },
    'FIELD_VALUE'
  ],
  [
    'patterns of fields',
    { patternProperties: { '^([a-z]+)+$': true }, additionalProperties: false },
    { [`${'a'.repeat(50_000)}!`]: 1 },
    'FIELD_UNEXPECTED'
  ],
  [
    'objects that are alike',
    { uniqueItems: true },
    [{ a: 1 }, ...list(8_000, a => ({ a }))],
    'SCHEMA_MISMATCH'
  ],
  [
    'a choice at each level',
    tree('anyOf', branch(['a']), { ...branch(['a']), maxProperties: 5 }),
    deep(60, 1),
    'SCHEMA_TOO_COSTLY'
  ],
  [
    'exactly one at each level',
    tree('oneOf', branch(['a']), { ...branch([]), minProperties: 0 }),
    deep(60, {}),
    'SCHEMA_TOO_COSTLY'
  ],
  [
    'exactly one of many for each item',
    { items: { oneOf: list(200, index => ({ const: `v${index}` })) } },
    list(10_000, index => `v${index % 200}`),
    'SCHEMA_TOO_COSTLY'
  ],
  [
    'one of many for each item, the last',
    { items: { anyOf: list(500, index => ({ properties: { a: { const: index } } })) } },
    list(10_000, () => ({ a: 499 })),
    'SCHEMA_TOO_COSTLY'
  ],
  ['all at each level', tree('allOf', branch([]), branch([])), deep(60, 1), 'FIELD_TYPE'],
  [
    'a list of what is wrong',
    { items: { type: 'number' } },
    list(200_000, () => 'x'),
    'FIELD_TYPE'
  ],
  [
    'values that are listed',
    { items: { enum: list(10_000, index => `n${index}`) } },
    [...list(100_000, () => 'n9999'), 'x'],
    'FIELD_VALUE'
  ],
  ...['email', 'uri', 'hostname', 'date-time', 'regex', 'iso-date-time', 'url'].map(
    (format): [string, unknown, unknown, string] => [
      `the format ${format}`,
      { items: { format } },
      list(20, () => `a@${'a-'.repeat(25_000)}${'('.repeat(1000)} `),
      'FIELD_VALUE'
    ]
  )
]

describe('nodes/validate/cost', () => {
  for (const [name, schema, value, code] of hostile) {
    it(`has an end with ${name}`, () => {
      const [valid, [rejection]] = withSchema({
        properties: { v: schema },
        $defs: (schema as { $defs?: unknown }).$defs
      })({
        payload: { v: value }
      })
      assert.deepEqual(valid, [])
      assert.equal(rejection!.reason.code, code, rejection!.reason.message)
      assert.ok(rejection!.reason.message.length < 10_000)
    }).timeout(10_000)
  }

  const dear: [name: string, schema: unknown, value: unknown][] = [
    [
      'a list of 500,000 numbers',
      { items: { type: 'number', minimum: 0 } },
      list(500_000, () => 1)
    ],
    [
      'a list of 150,000 of which one is looked for',
      { contains: { type: 'string', minLength: 3 }, unevaluatedItems: { type: 'number' } },
      [...list(150_000, () => 1), 'abc']
    ],
    [
      'exactly one of twenty for each of 10,000',
      { items: { oneOf: list(20, index => ({ const: `v${index}` })) } },
      list(10_000, index => `v${index % 20}`)
    ],
    ['a text of 1 MB', { pattern: '^[a-z]+$', minLength: 1 }, 'a'.repeat(1_000_000)],
    [
      '100,000 fields',
      { additionalProperties: { type: 'number' } },
      Object.fromEntries(list(100_000, index => [`f${index}`, index]))
    ],
    ['100,000 objects that differ', { uniqueItems: true }, list(100_000, index => ({ a: index }))],
    [
      '40,000 objects by reference',
      {
        $defs: { n: { required: ['a'], properties: { n: { $ref: '#/$defs/n' } } } },
        items: { $ref: '#/$defs/n' }
      },
      list(20_000, () => ({ a: 1, n: { a: 1 } }))
    ]
  ]
  for (const [name, schema, value] of dear) {
    it(`takes ${name}`, () => assert.ok(compile(schema)(value))).timeout(10_000)
  }

  const endless: [name: string, schema: unknown][] = [
    ['itself', { $ref: '#' }],
    ['itself in all', { allOf: [{ minimum: 1 }, { $ref: '#' }] }],
    [
      'each other',
      {
        $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } },
        properties: { v: { $ref: '#/$defs/a' } }
      }
    ],
    ['itself where a field is there', { if: { required: ['a'] }, then: { $ref: '#' } }],
    ['itself by a dynamic name', { $dynamicAnchor: 'a', allOf: [{ $dynamicRef: '#a' }] }]
  ]
  for (const [name, schema] of endless) {
    it(`refuses a schema that leads to ${name}`, () =>
      assert.throws(() => compile(schema), /no check would ever end/))
  }

  it('rejects what is deeper than the stack', () => {
    const check = compile({
      $defs: { n: { properties: { a: { $ref: '#/$defs/n' } } } },
      $ref: '#/$defs/n'
    })
    const levels = 20_000
    const value = JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
    assert.ok(!check(value))
    assert.equal(check.errors![0]!.keyword, 'cost')
    assert.ok(check({ a: { a: 1 } }), 'and goes on')
  })

  it('finds twins as comparing each with each does', () => {
    const check = compile({ uniqueItems: true })
    const small = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 2 },
        fc.constantFrom(0, -0, 1, '1', '', null, true, 'a'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', '"'), tie('value'), { maxKeys: 2 })
      )
    })).value
    fc.assert(
      fc.property(fc.array(small, { maxLength: 6 }), items => {
        const plain = JSON.parse(JSON.stringify(items)) as unknown[]
        const twins = plain.some((a, i) => plain.some((b, j) => j < i && equal(a, b)))
        assert.equal(check(plain), !twins)
      })
    )
    check([1, 2, 1])
    assert.deepEqual(check.errors![0]!.params, { i: 2, j: 0 })
  })

  it('takes a schema that is larger than a record may be', () => {
    const fields = Object.fromEntries(
      list(1_000, index => [`f${index}`, { enum: list(300, value => ({ value })) }])
    )
    assert.ok(compile({ properties: fields })({ f1: { value: 1 } }))
    assert.ok(!compile({ properties: fields })({ f1: { value: 300 } }))
  }).timeout(30_000)

  it('knows an object among many values', () => {
    const check = compile({ enum: [...list(30, String), { a: 1, b: [2] }, null] })
    for (const value of ['7', { b: [2], a: 1 }, null]) assert.ok(check(value))
    for (const value of ['31', 7, { a: 1 }, []]) assert.ok(!check(value))
  })
})

function equal(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b)
    return true
  } catch {
    return false
  }
}
