import assert from 'node:assert/strict'
import fc from 'fast-check'
import { schemaRows, withRows, wordsOf, wordsText } from '../../../core/editor/schema-rows.ts'

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
      rows().map(({ was, ...row }) => Object.values(row)),
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
    const row = { ...rows()[0]!, was: undefined, more: [] }
    const changed = withRows(TEXT, [
      { ...row, name: 'unit', required: false },
      { ...row, name: '' }
    ])
    assert.deepEqual(schemaOf(changed).properties, { unit: { type: 'string' } })
    assert.deepEqual(schemaOf(changed).required, ['elsewhere'])
  })

  for (const text of [
    '',
    'true',
    '[]',
    '{',
    '{"properties":[]}',
    '{"maximum":12345678901234567890}'
  ])
    it(`leaves to the text what rows would change: ${text}`, () => {
      assert.equal(schemaRows(text), undefined)
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
