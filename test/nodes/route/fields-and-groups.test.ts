import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { router } from '../../../nodes/route/logic.ts'
import type { OperatorName } from '../../../nodes/route/operators.ts'
import { spec } from '../../../nodes/route/spec.ts'

const start = (options: Record<string, unknown>) => router(parseOptions(spec, options))
const rule = (...conditions: object[]) => ({ match: 'all', conditions })

describe('route: other fields of the record, and groups of rows', () => {
  const ofFields: [operator: OperatorName, operands: object, yes: object[], no: object[]][] = [
    [
      'gt',
      { value: { field: 'meta.limit' } },
      [
        { v: 81, meta: { limit: 80 } },
        { v: 'b', meta: { limit: 'a' } },
        { v: 12345678901234567890n, meta: { limit: 5 } }
      ],
      [
        { v: 80, meta: { limit: 80 } },
        { v: 81, meta: { limit: '80' } },
        { v: 81 },
        { meta: { limit: 80 } },
        { v: Number.NaN, meta: { limit: 80 } },
        { v: true, meta: { limit: false } }
      ]
    ],
    [
      'lte',
      { value: { field: 'w' } },
      [{ v: 1, w: 1 }],
      [
        { v: 2, w: 1 },
        { v: 1, w: null }
      ]
    ],
    ['gte', { value: { field: 'w' } }, [{ v: 1, w: 1 }], [{ v: 0, w: 1 }]],
    ['lt', { value: { field: 'w' } }, [{ v: 0, w: 1 }], [{ v: 1, w: 1 }]],
    [
      'equals',
      { value: { field: 'w' } },
      [
        { v: 'a', w: 'a' },
        { v: 10n ** 20n, w: 10n ** 20n }
      ],
      [{ v: 1, w: '1' }, { v: 1 }]
    ],
    ['not_equals', { value: { field: 'w' } }, [{ v: 1, w: '1' }, { v: 1 }], [{ v: 1, w: 1 }]],
    [
      'between',
      { value: 10, value2: { field: 'w' } },
      [
        { v: 10, w: 20 },
        { v: 20, w: 20 }
      ],
      [{ v: 21, w: 20 }, { v: 9, w: 20 }, { v: 15, w: '20' }, { v: 15 }]
    ]
  ]
  for (const [operator, operands, yes, no] of ofFields)
    it(`v ${operator} ${JSON.stringify(operands)} of the same record`, () => {
      const route = start({ rules: [rule({ field: 'v', operator, ...operands })] })
      assert.deepEqual(route({ payload: [...yes, ...no] }).outputs, [yes, no])
    })

  it('compares with the topic', () => {
    const route = start({
      rules: [rule({ field: 'sent_to', operator: 'equals', value: { field: 'msg.topic' } })]
    })
    const payload = [{ sent_to: 'a/b' }, { sent_to: 'a' }]
    assert.deepEqual(route({ payload, topic: 'a/b' }).outputs, [[payload[0]], [payload[1]]])
  })

  it('groups: and within or, or within and', () => {
    const one = (field: string) => ({ field, operator: 'is_true' })
    const group = (match: string, ...fields: string[]) => ({ match, conditions: fields.map(one) })
    const rules = [
      { match: 'any', conditions: [group('all', 'a', 'b'), one('c')] },
      { match: 'all', conditions: [group('any', 'd', 'e'), group('any', 'f', 'g')] }
    ]
    const route = start({ rules })
    const met = (...fields: string[]) =>
      route({ payload: Object.fromEntries(fields.map(field => [field, true])) }).outputs.findIndex(
        records => records.length > 0
      )
    const cases: [fields: string, output: number][] = [
      ['ab', 0],
      ['c', 0],
      ['a', 2],
      ['df', 1],
      ['eg', 1],
      ['de', 2],
      ['', 2]
    ]
    for (const [fields, output] of cases) assert.equal(met(...fields), output, fields)
  })
})
