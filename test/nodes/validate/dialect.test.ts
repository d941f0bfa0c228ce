import assert from 'node:assert/strict'
import { compileSchema, type Draft } from '../../../core/json-schema/schema.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { recordSorter } from '../../../nodes/validate/logic.ts'
import { spec } from '../../../nodes/validate/spec.ts'

const compile = (schema: unknown, draft: Draft = '2020-12') =>
  compileSchema(schema, { draft, coerce: false })
const DRAFT_04 = 'http://json-schema.org/draft-04/schema#'
const DRAFT_06 = 'http://json-schema.org/draft-06/schema#'
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'

/** What a schema means depends on its draft: values that are valid and values that are not. */
const meanings: [name: string, schema: unknown, valid: unknown[], invalid: unknown[]][] = [
  ['true', true, [1, {}, null], []],
  ['false', false, [], [1, {}, null]],
  ['a list of nothing', { enum: [] }, [], [1, {}]],
  [
    'an exclusive limit of draft 04',
    { $schema: DRAFT_04, minimum: 5, exclusiveMinimum: true, maximum: 9 },
    [6, 9],
    [5, 10]
  ],
  [
    'a limit of draft 04 that is not exclusive',
    { $schema: DRAFT_04, minimum: 5, exclusiveMinimum: false },
    [5],
    [4]
  ],
  [
    'an id of draft 04',
    {
      $schema: DRAFT_04,
      id: 'http://a.b/c',
      properties: { v: { $ref: 'd' } },
      definitions: { d: { id: 'd', type: 'number' } }
    },
    [{ v: 1 }],
    [{ v: 'x' }]
  ],
  ['const in draft 04, which does not know it', { $schema: DRAFT_04, const: 1 }, [1, 2], []],
  ['const in draft 06', { $schema: DRAFT_06, const: 1, exclusiveMinimum: 0 }, [1], [2]],
  ['if in draft 06, which does not know it', { $schema: DRAFT_06, if: true, then: false }, [1], []],
  ['if in draft 07', { $schema: DRAFT_07, if: { const: 1 }, then: false }, [2], [1]],
  [
    'what stands beside $ref in draft 07',
    {
      $schema: DRAFT_07,
      definitions: { n: { type: 'number' } },
      $ref: '#/definitions/n',
      minimum: 5
    },
    [1, 9],
    ['x']
  ],
  [
    'what stands beside $ref in 2020-12',
    { $defs: { n: { type: 'number' } }, $ref: '#/$defs/n', minimum: 5 },
    [9],
    [1, 'x']
  ],
  ['nullable as in OpenAPI', { type: 'number', nullable: true }, [1, null], ['x']],
  ['nullable without a type', { nullable: true, minimum: 1 }, [1, null], [0]],
  ['id as an annotation', { id: 'reading', type: 'number' }, [1], ['x']],
  [
    'references into keywords of others',
    { components: { n: { type: 'number' } }, properties: { v: { $ref: '#/components/n' } } },
    [{ v: 1 }],
    [{ v: '' }]
  ],
  [
    'a tree',
    { properties: { children: { items: { $ref: '#' } }, v: { type: 'number' } } },
    [{ children: [{ v: 1 }] }],
    [{ children: [{ v: '' }] }]
  ],
  [
    'a tree without other fields',
    { properties: { a: { $ref: '#' } }, unevaluatedProperties: false },
    [{}, { a: {} }, { a: { a: {} } }],
    [{ b: 1 }, { a: { b: 1 } }, { a: { a: { b: 1 } } }]
  ],
  [
    '$dynamicRef to the only one',
    { $dynamicAnchor: 'n', properties: { a: { $dynamicRef: '#n' }, v: { type: 'number' } } },
    [{ a: { v: 1 } }],
    [{ a: { v: '' } }]
  ],
  [
    'required constructor',
    { required: ['constructor'] },
    [JSON.parse('{"constructor":1}')],
    [{}, { a: 1 }]
  ],
  [
    'properties of every object',
    { properties: { toString: { type: 'string' }, valueOf: false } },
    [{ a: 1 }, { toString: 'x' }],
    [{ toString: 1 }]
  ],
  [
    'dependencies of every object',
    { dependentRequired: { toString: ['a'] } },
    [{ b: 1 }],
    [{ toString: 1 }]
  ],
  [
    'no fields but those of every object',
    { properties: { constructor: {} }, additionalProperties: false },
    [{}],
    [{ a: 1 }]
  ]
]

/** Schemas that are taken, and what a person is told of them. */
const notices: [name: string, schema: unknown, notice: RegExp | undefined][] = [
  [
    'annotations',
    { title: 't', description: 'd', default: 1, examples: [1], $comment: 'c', deprecated: true },
    undefined
  ],
  [
    'units',
    { properties: { v: { type: 'number', unit: '°C', 'x-unit': 'K', example: 20 } } },
    /^"unit", "x-unit", "example": not in draft 2020-12, so it checks nothing$/
  ],
  ['a misspelt keyword', { requierd: ['a'] }, /^"requierd": not in draft 2020-12/],
  ['names of fields', { properties: { requierd: {}, unit: {} } }, undefined],
  [
    'an unknown format',
    { format: 'idn-email', properties: { v: { format: 'iri' } } },
    /^format "idn-email", "iri": not known, so it checks nothing$/
  ],
  [
    'beside $ref',
    {
      $schema: DRAFT_07,
      definitions: { a: {} },
      properties: { v: { $ref: '#/definitions/a', minimum: 1 } }
    },
    /^"minimum": beside \$ref/
  ],
  [
    'a draft of their own',
    { $schema: 'https://example.com/meta' },
    /"https:\/\/example\.com\/meta" is not a draft that is known; it is read as 2020-12/
  ]
]

describe('nodes/validate/dialect', () => {
  for (const [name, schema, valid, invalid] of meanings) {
    it(`knows what is meant by ${name}`, () => {
      const check = compile(schema)
      for (const value of valid) assert.ok(check(value), `${JSON.stringify(value)} is valid`)
      for (const value of invalid) assert.ok(!check(value), `${JSON.stringify(value)} is not valid`)
    })
  }
  for (const [name, schema, notice] of notices) {
    it(`takes ${name}${notice ? ', and says so' : ''}`, () => {
      const { notices } = compile(schema)
      if (notice) assert.match(notices.join(), notice)
      else assert.deepEqual(notices, [])
    })
  }

  it('refuses what draft 04 writes in another way', () => {
    assert.throws(
      () => compile({ $schema: DRAFT_04, exclusiveMinimum: 5 }),
      /exclusiveMinimum is true or false in draft 04/
    )
  })
  it('reads a schema without $schema as it is told to', () => {
    assert.ok(!compile({ minimum: 5, exclusiveMinimum: true }, '04')(5))
    assert.ok(compile({ const: 1 }, '04')(2))
    assert.ok(compile({ if: true, then: false }, '06')(2))
  })
  it('tells with which schema something is the matter', () => {
    const told: string[] = []
    const schemas = JSON.stringify({ a: { unit: 'K' }, b: true })
    recordSorter(parseOptions(spec, { choose: 'field', schemas }), notice => told.push(notice))
    assert.deepEqual(told, ['Schemas, "a": "unit": not in draft 2020-12, so it checks nothing.'])
  })
  it('leaves the schema that it is given as it is', () => {
    const schema = { $schema: DRAFT_04, id: 'http://a.b/c', minimum: 1, exclusiveMinimum: true }
    const before = structuredClone(schema)
    compile(schema)
    assert.deepEqual(schema, before)
  })
})
