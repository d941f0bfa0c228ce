import assert from 'node:assert/strict'
import { applies, type NodeSpec, parseOptions } from '../../../core/node/spec.ts'
import { OptionsError } from '../../../core/options-error.ts'

const spec = {
  type: 'millrace-sample',
  label: 'sample',
  summary: 'A node with a field of every kind.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['out'],
  fields: {
    topic: {
      kind: 'text',
      default: 'a/b',
      required: true,
      pattern: '[a-z/]+',
      patternHint: 'lower case',
      label: 'Topic',
      help: 'The topic.'
    },
    password: { kind: 'secret', default: '', label: 'Password', help: 'The password.' },
    size: {
      kind: 'number',
      default: 5,
      min: 1,
      max: 10,
      integer: true,
      label: 'Size',
      help: 'The size.'
    },
    on: { kind: 'bool', default: false, label: 'On', help: 'On or off.' },
    mode: {
      kind: 'choice',
      default: 'a',
      choices: { a: 'First', b: 'Second' },
      label: 'Mode',
      help: 'The mode.'
    },
    query: { kind: 'code', default: '', language: 'sql', label: 'Query', help: 'The query.' },
    only: {
      kind: 'text',
      default: '',
      required: true,
      when: { mode: 'b' },
      label: 'Only',
      help: 'Only in mode b.'
    },
    rows: {
      kind: 'list',
      default: [],
      columns: {
        from: { kind: 'text', default: '', required: true, label: 'From', help: 'From.' },
        factor: { kind: 'number', default: 1, label: 'Factor', help: 'Factor.' }
      },
      label: 'Rows',
      help: 'Rows.'
    }
  }
} as const satisfies NodeSpec

const problems = (
  raw: Record<string, unknown>,
  environment?: (name: string) => unknown
): readonly string[] => {
  try {
    parseOptions(spec, raw, environment)
    return []
  } catch (error) {
    assert.ok(error instanceof OptionsError)
    return error.problems
  }
}

describe('parseOptions', () => {
  it('fills in what is missing', () => {
    const { name, topic, size, on, mode, rows } = parseOptions(spec, {})
    assert.deepEqual(
      { name, topic, size, on, mode, rows },
      { name: '', topic: 'a/b', size: 5, on: false, mode: 'a', rows: [] }
    )
  })

  const wrong: [string, Record<string, unknown>, string][] = [
    ['an empty required text', { topic: ' ' }, 'Topic: is required'],
    ['a text of another form', { topic: 'A' }, 'Topic: must be lower case'],
    ['a text that is a number', { topic: 5 }, 'Topic: must be text'],
    ['no number', { size: 'five' }, 'Size: must be a number'],
    ['an empty number', { size: '' }, 'Size: must be a number'],
    ['a number that is too large', { size: '11' }, 'Size: must be at most 10'],
    ['half a number', { size: 1.5 }, 'Size: must be a whole number'],
    ['an unknown choice', { mode: 'toString' }, 'Mode: must be one of a, b'],
    ['a field that applies only now', { mode: 'b' }, 'Only: is required'],
    ['a list that is text', { rows: 'x' }, 'Rows: must be a list'],
    [
      'a row without its field',
      { rows: [{ from: 'x' }, { factor: 2 }] },
      'Rows: row 2, From: is required'
    ],
    [
      'a variable that is not set',
      { topic: '${NOWHERE}', pattern: '' },
      'Topic: the environment variable NOWHERE is not set'
    ]
  ]
  for (const [name, raw, problem] of wrong) {
    it(`refuses ${name}`, () => assert.ok(problems(raw).includes(problem), `${problems(raw)}`))
  }

  it('tells all problems at once', () =>
    assert.equal(problems({ topic: '', size: 0, mode: 'c' }).length, 3))

  it('expands environment variables, also in the middle of a text and in numbers and secrets', () => {
    const environment = (name: string) => ({ SITE: 'north', SIZE: '7', SECRET: 's3cret' })[name]
    const options = parseOptions(
      spec,
      { topic: 'plant/${SITE}/x', size: '${SIZE}', password: '${SECRET}' },
      environment
    )
    assert.deepEqual(
      [options.topic, options.size, options.password],
      ['plant/north/x', 7, 's3cret']
    )
  })

  it('leaves code as it is, whether a variable of the name is set or not', () => {
    const query = "SELECT '${HALL} ${NOWHERE}'"
    assert.equal(
      parseOptions(spec, { query }, name => (name === 'HALL' ? 'west' : undefined)).query,
      query
    )
  })

  it('does not expand what an environment variable contains', () => {
    assert.deepEqual(
      problems({ only: '${A}', mode: 'b' }, name => (name === 'A' ? '${B}' : 'never')),
      ['Only: the environment variable B is not set']
    )
  })
})

describe('applies', () => {
  const cases: [Parameters<typeof applies>[0], Record<string, unknown>, boolean][] = [
    [undefined, {}, true],
    [{ mode: 'a' }, { mode: 'a' }, true],
    [{ mode: 'a' }, { mode: 'b' }, false],
    [{ mode: ['a', 'b'], on: true }, { mode: 'b', on: true }, true],
    [{ mode: ['a', 'b'], on: true }, { mode: 'b', on: false }, false]
  ]
  for (const [when, values, expected] of cases) {
    it(`${JSON.stringify(when)} of ${JSON.stringify(values)} is ${expected}`, () =>
      assert.equal(applies(when, values), expected))
  }
})
