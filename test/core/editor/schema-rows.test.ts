import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type SchemaRow,
  schemaRows,
  withRows,
  wordsOf,
  wordsText
} from '../../../core/editor/schema-rows.ts'
import { repeatedNames } from '../../../core/record/json-names.ts'

const SCHEMA = {
  $id: 'https://example.org/reading',
  type: 'object',
  required: ['ts', 'device_id', 'elsewhere'],
  properties: {
    device_id: { type: 'string', minLength: 1 },
    value: { type: ['number', 'null'], minimum: -40, maximum: 85 },
    state: { enum: ['on', 'off', 3, '3', 'a, b'] },
    ts: true
  },
  additionalProperties: false
}
const TEXT = JSON.stringify(SCHEMA)
const rows = () => schemaRows(TEXT)!
const schemaOf = (text: string) => JSON.parse(text) as typeof SCHEMA

describe('a JSON Schema as rows', () => {
  it('shows fields with type, bounds, values and whether they are required', () => {
    assert.deepEqual(
      rows().map(({ from, depth, isElement, ...row }) => Object.values(row)),
      [
        ['device_id', 'string', '', '', '', true, ['minLength']],
        ['value', 'number,null', '-40', '85', '', false, []],
        ['state', '', '', '', 'on, off, 3, "3", "a, b"', false, []],
        ['ts', '', '', '', '', true, []]
      ]
    )
  })

  it('read and written without a change it is the same', () => {
    assert.deepEqual(schemaOf(withRows(TEXT, rows())), SCHEMA)
  })

  it('a change touches nothing that the rows cannot say', () => {
    const [device, value, state, ts] = rows()
    const changed = withRows(TEXT, [
      { ...device!, name: 'device' },
      { ...value!, maximum: '100', required: true },
      { ...state!, among: 'on' },
      ts!
    ])
    assert.deepEqual(schemaOf(changed), {
      ...SCHEMA,
      required: ['ts', 'elsewhere', 'device', 'value'],
      properties: {
        device: { type: 'string', minLength: 1 },
        value: { type: ['number', 'null'], minimum: -40, maximum: 100 },
        state: { enum: ['on'] },
        ts: true
      }
    })
  })

  it('rows are added and taken away, and one without a name waits for it', () => {
    const row = { ...rows()[0]!, from: undefined, more: [] }
    const changed = withRows(TEXT, [
      { ...row, name: 'unit', required: false },
      { ...row, name: '' }
    ])
    assert.deepEqual(schemaOf(changed).properties, { unit: { type: 'string' } })
    assert.deepEqual(schemaOf(changed).required, ['elsewhere'])
  })

  it('a field that has two rows stands in the text twice, and is not read as one', () => {
    const row = { ...rows()[0]!, from: undefined, more: [], required: false }
    const below = { ...row, depth: 1 }
    const text = withRows('{}', [
      { ...row, name: 'a', type: 'number' },
      { ...row, name: 'a', type: 'string' },
      { ...row, name: 'meta', type: 'object' },
      { ...below, name: 'b', type: 'number' },
      { ...below, name: 'b', type: 'boolean' },
      { ...below, name: 'b', type: 'string' }
    ])
    assert.deepEqual(
      text.match(/"(?:a|b)": \{\s*"type": "\w+"/g)?.map(each => each.slice(1, 2)),
      [...'aabbb']
    )
    assert.deepEqual(repeatedNames(text), ['a', 'b'])
    assert.deepEqual(JSON.parse(text).properties.a, { type: 'string' })
    assert.equal(schemaRows(text), undefined)
  })

  for (const text of [
    '',
    'true',
    '[]',
    '{',
    '{"properties":[]}',
    '{"properties":{"":true}}',
    '{"maximum":12345678901234567890}'
  ])
    it(`leaves to the text what rows would change: ${text}`, () => {
      assert.equal(schemaRows(text), undefined)
    })

  const NESTED = {
    type: 'object',
    properties: {
      meta: {
        type: 'object',
        required: ['site'],
        properties: { site: { type: 'string' }, at: { properties: { floor: { minimum: 0 } } } }
      },
      readings: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['value', 'elsewhere'],
          properties: { metric: { enum: ['t', 'h'] }, value: { type: 'number' } }
        }
      },
      tags: { type: 'array', items: { type: 'string' } },
      pair: { type: 'array', items: [{ type: 'number' }, true] }
    }
  }
  const nested = () => schemaRows(JSON.stringify(NESTED))!
  const changedNested = (change: (row: SchemaRow) => Partial<SchemaRow>) =>
    JSON.parse(
      withRows(
        JSON.stringify(NESTED),
        nested().map(row => ({ ...row, ...change(row) }))
      )
    ) as typeof NESTED

  it('objects and lists of objects have rows of their own', () => {
    assert.deepEqual(
      nested().map(({ depth, name, isElement, required, more }) => [
        depth,
        isElement ? 'each' : name,
        required,
        more
      ]),
      [
        [0, 'meta', false, []],
        [1, 'site', true, []],
        [1, 'at', false, []],
        [2, 'floor', false, []],
        [0, 'readings', false, ['minItems']],
        [1, 'each', false, []],
        [2, 'metric', false, []],
        [2, 'value', true, []],
        [0, 'tags', false, []],
        [1, 'each', false, []],
        [0, 'pair', false, ['items']]
      ]
    )
  })

  it('what stands deep is changed, added and taken away by rows', () => {
    const deep = changedNested(({ name }) => (name === 'floor' ? { maximum: '9' } : {}))
    assert.deepEqual(deep.properties.meta.properties.at.properties.floor, {
      minimum: 0,
      maximum: 9
    })
    const renamed = changedNested(({ name }) => (name === 'value' ? { name: 'v' } : {}))
    const { items } = renamed.properties.readings
    assert.deepEqual(items.required, ['elsewhere', 'v'])
    assert.deepEqual(Object.keys(items.properties), ['metric', 'v'])
    const row: SchemaRow = { ...nested()[0]!, from: undefined, type: '', required: false, more: [] }
    const made = withRows('{}', [
      { ...row, name: 'list', type: 'array' },
      { ...row, depth: 1, name: '', isElement: true, type: 'object' },
      { ...row, depth: 2, name: 'unit', type: 'string', required: true }
    ])
    assert.deepEqual(JSON.parse(made).properties.list, {
      type: 'array',
      items: { type: 'object', properties: { unit: { type: 'string' } }, required: ['unit'] }
    })
    const without = withRows(
      JSON.stringify(NESTED),
      nested().filter(({ depth }) => depth === 0)
    )
    assert.deepEqual(JSON.parse(without).properties.readings, { type: 'array', minItems: 1 })
  })

  it('any schema read and written without a change is the same', () => {
    const { schema } = fc.letrec(tie => ({
      schema: fc.oneof(
        { depthSize: 'small' },
        fc.boolean(),
        fc.record(
          {
            type: fc.constantFrom('object', 'array', 'number', ['string', 'null']),
            minimum: fc.integer(),
            enum: fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1 }),
            required: fc.uniqueArray(fc.constantFrom('a', 'b', '__proto__', 'c')),
            properties: fc.dictionary(fc.string({ maxLength: 3 }), tie('schema')),
            items: fc.oneof(tie('schema'), fc.array(tie('schema'))),
            anyOf: fc.array(tie('schema'))
          },
          { requiredKeys: [] }
        )
      )
    }))
    fc.assert(
      fc.property(schema, value => {
        const text = JSON.stringify(value)
        const read = schemaRows(text)
        fc.pre(read !== undefined)
        assert.deepEqual(JSON.parse(withRows(text, read)), {
          properties: {},
          ...(JSON.parse(text) as object)
        })
      }),
      { numRuns: 300 }
    )
  })

  it('values come back as they were written', () => {
    const value = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), values => {
        assert.deepEqual(wordsOf(wordsText(values)), values)
      })
    )
  })
})
