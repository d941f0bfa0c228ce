import assert from 'node:assert/strict'
import { isShown, type NodeType, parsed, problemsIn } from '../../../core/editor/check.ts'

const type: NodeType = {
  spec: {
    type: 'millrace-sample',
    label: 'sample',
    category: 'telemetry',
    family: 'transform',
    inputs: 1,
    outputs: ['out'],
    fields: {
      cluster: {
        kind: 'ref',
        label: 'Cluster',
        default: '',
        type: 'millrace-kafka-cluster',
        help: ''
      },
      mode: {
        kind: 'choice',
        label: 'Mode',
        default: 'plain',
        choices: { plain: 'plain', rich: 'rich' },
        help: ''
      },
      topic: {
        kind: 'text',
        label: 'Topic',
        default: '',
        required: true,
        when: { mode: 'rich' },
        help: ''
      },
      size: { kind: 'number', label: 'Size', default: 10, min: 1, integer: true, help: '' },
      schema: { kind: 'code', label: 'Schema', default: '{}', language: 'json', help: '' },
      rows: {
        kind: 'list',
        label: 'Rows',
        default: [],
        help: '',
        columns: {
          from: { kind: 'text', label: 'From', default: '', required: true, help: '' },
          times: { kind: 'number', label: 'Times', default: 1, help: '' }
        }
      },
      rules: { kind: 'custom', label: 'Rules', default: [], help: '' }
    }
  },
  migrations: {},
  hooks: {
    controls: {
      rules: {
        problems: value => (Array.isArray(value) ? [] : ['must be rules']),
        edit: () => ({ value: () => [] })
      }
    }
  }
}

const variable = (name: string) => `$\{${name}}`

const CASES: readonly (readonly [
  what: string,
  field: string,
  values: Record<string, unknown>,
  problems: string[]
])[] = [
  ['a reference that is missing', 'cluster', {}, ['choose or add one']],
  ['a reference', 'cluster', { cluster: 'abc' }, []],
  ['a required text that is not shown', 'topic', { topic: '' }, []],
  ['a required text that is shown', 'topic', { mode: 'rich', topic: ' ' }, ['is required']],
  ['a number as text', 'size', { size: '12' }, []],
  ['no number', 'size', { size: 'many' }, ['must be a number']],
  ['an empty number', 'size', { size: '' }, ['must be a number']],
  ['a number that is too small', 'size', { size: '0' }, ['must be at least 1']],
  ['a number from the environment', 'size', { size: variable('SIZE') }, []],
  ['a value that a flow of before does not have', 'size', {}, []],
  ['a choice that is not there', 'mode', { mode: 'odd' }, ['must be one of plain, rich']],
  ['code that is fine', 'schema', { schema: '{ "a": 1 }' }, []],
  [
    'code in which a name stands twice',
    'schema',
    {
      schema: '{ "a": { "b": 1, "c": 2, "\\u0062": 3 }, "b": { "a": 4 }, "d": ["a", { "a": 1 }] }'
    },
    ['"b" stands twice in one object, and only the last would count']
  ],
  [
    'a list with problems',
    'rows',
    {
      rows: [
        { from: 'a', times: 2 },
        { from: '', times: 'x' }
      ]
    },
    ['row 2, From: is required', 'row 2, Times: must be a number']
  ],
  [
    'a list with a number from the environment',
    'rows',
    { rows: [{ from: 'a', times: variable('TIMES') }] },
    []
  ],
  ['a custom field', 'rules', { rules: 'x' }, ['must be rules']],
  ['a custom field that is fine', 'rules', { rules: [] }, []]
]

describe('what the form finds wrong', () => {
  for (const [what, field, values, problems] of CASES) {
    it(what, () => assert.deepEqual(problemsIn(type, field, values), problems))
  }

  it('code with a mistake in it', () => {
    const [problem] = problemsIn(type, 'schema', { schema: '{ a }' })
    assert.match(problem!, /^is not JSON: /)
  })

  it('gives every field the type it is of', () => {
    const values = parsed(type, { size: '5', topic: ' a ' })
    assert.deepEqual([values.size, values.topic, values.mode], [5, 'a', 'plain'])
  })

  it('shows a field when its condition holds', () => {
    const { topic } = type.spec.fields
    assert.deepEqual(
      [isShown(topic!, { mode: 'rich' }), isShown(topic!, { mode: 'plain' })],
      [true, false]
    )
  })
})
