import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FieldMove, fieldMover } from '../../../core/record/move-fields.ts'

const NAMES = ['a', 'b', 'c', 'x'] as const
const moves = (...rows: string[]): FieldMove[] =>
  rows.map(row => {
    const [from = '', to = ''] = row.split('>')
    return { from, to }
  })

describe('core/record: fields that move', () => {
  const cases: [name: string, rows: FieldMove[], record: object, expected: object][] = [
    ['a value goes before a null', moves('a>x', 'b>x'), { a: null, b: 5 }, { x: 5, a: null }],
    ['also before one that is there', moves('a>x'), { x: null, a: 5 }, { x: 5 }],
    [
      'and before several',
      moves('a>x', 'b>x', 'c>x'),
      { a: null, b: null, c: 5 },
      { x: 5, a: null, b: null }
    ],
    [
      'a null where there is nothing else',
      moves('a>x', 'b>x'),
      { a: null, b: null },
      { x: null, b: null }
    ],
    ['a null stays beside a null', moves('a>x'), { a: null, x: null }, { a: null, x: null }],
    ['false, 0 and "" are values', moves('a>x', 'b>x'), { a: 0, b: 5 }, { x: 0, b: 5 }],
    ['of two values the other stays', moves('a>x', 'b>x'), { a: 1, b: 5 }, { x: 1, b: 5 }],
    ['what has the name keeps it', moves('a>x', 'b>x'), { a: 1, b: 5, x: 9 }, { a: 1, b: 5, x: 9 }],
    ['the same row twice', moves('a>x', 'a>x'), { a: 1 }, { x: 1 }],
    [
      'the same row twice, with another between',
      moves('a>x', 'b>x', 'a>x'),
      { a: 1, b: 2 },
      { x: 1, b: 2 }
    ],
    ['one field to two names', moves('a>x', 'a>b'), { a: 1 }, { x: 1, b: 1 }],
    [
      'one field to two names, one of them taken',
      moves('a>x', 'a>b'),
      { a: 1, b: 2 },
      { x: 1, b: 2 }
    ],
    [
      'one field to two names, the first taken',
      moves('a>x', 'a>b'),
      { a: 1, x: 2 },
      { x: 2, b: 1 }
    ],
    ['a field that stays and goes', moves('a', 'a>x'), { a: 1 }, { a: 1, x: 1 }],
    ['two change places', moves('a>b', 'b>a'), { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['one after the other', moves('a>b', 'b>c'), { a: 1, b: 2 }, { b: 1, c: 2 }],
    [
      'one after the other, and the last is taken',
      moves('a>b', 'b>c'),
      { a: 1, b: 2, c: 3 },
      { a: 1, b: 2, c: 3 }
    ],
    [
      'a place that is kept for one that comes back',
      moves('b>x', 'a>b'),
      { a: 1, b: 2, x: 9 },
      { a: 1, b: 2, x: 9 }
    ],
    ['a number is no object', moves('a>b.c'), { a: 1, b: 5 }, { a: 1, b: 5 }],
    [
      'a list has no names',
      moves('a>b.c', 'x>b.length'),
      { a: 1, x: 0, b: [1, 2] },
      { a: 1, x: 0, b: [1, 2] }
    ],
    ['a list grows at its end', moves('a>b.2'), { a: 1, b: [1, 2] }, { b: [1, 2, 1] }],
    [
      'bytes are no object',
      moves('a>b.0'),
      { a: 1, b: Buffer.from('z') },
      { a: 1, b: Buffer.from('z') }
    ],
    [
      'an object is not replaced by what it holds',
      moves('a.b>a'),
      { a: { b: 1, c: 2 } },
      { a: { b: 1, c: 2 } }
    ],
    [
      'what would be put over another',
      moves('a>x.y', 'b>x'),
      { a: 1, b: 2 },
      { x: { y: 1 }, b: 2 }
    ],
    ['into itself', moves('a>a.b'), { a: 1 }, { a: { b: 1 } }],
    ['null is an object in the making', moves('a>b.c'), { a: 1, b: null }, { b: { c: 1 } }],
    [
      'two names are two objects',
      moves('a>b', 'a>c', 'x>b.k'),
      { a: {}, x: 1 },
      { b: { k: 1 }, c: {} }
    ]
  ]
  for (const [name, rows, record, expected] of cases) {
    it(`${name}: ${rows.map(({ from, to }) => `${from} > ${to}`)}: ${JSON.stringify(record)}`, () => {
      const before = JSON.stringify(record)
      assert.deepEqual(fieldMover(rows, true)({ ...record }), expected)
      assert.equal(JSON.stringify(record), before, 'what came is not changed')
    })
  }

  const chosen: [rows: FieldMove[], record: object, expected: object][] = [
    [moves('a>x', 'b>x'), { a: null, b: 5, c: 1 }, { x: 5 }],
    [moves('x', 'b>x'), { x: null, b: 5 }, { x: 5 }],
    [moves('a>x', 'b>x'), { a: null, x: 7 }, { x: null }],
    [moves('b', 'a>b.c'), { a: 1, b: { d: 2 } }, { b: { c: 1, d: 2 } }]
  ]
  for (const [rows, record, expected] of chosen) {
    it(`without the others ${rows.map(({ from, to }) => `${from} > ${to}`)}: ${JSON.stringify(record)}`, () =>
      assert.deepEqual(fieldMover(rows, false)({ ...record }), expected))
  }

  it('loses no value, whatever the rows are', () => {
    const row = fc.record({
      from: fc.constantFrom(...NAMES),
      to: fc.constantFrom('', 'y', ...NAMES)
    })
    const value = fc.constantFrom('missing', 'null', 'value')
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 6 }),
        fc.tuple(value, value, value, value),
        (rows, kinds) => {
          const record: Record<string, unknown> = {}
          for (const [at, kind] of kinds.entries())
            if (kind !== 'missing') record[NAMES[at]!] = kind === 'null' ? null : at
          const moved = fieldMover(rows, true)({ ...record }) as object
          const values = (of: object) => new Set(Object.values(of).filter(each => each !== null))
          assert.deepEqual(values(moved), values(record), JSON.stringify([rows, record, moved]))
          for (const { from, to } of rows)
            if (to !== '' && record[from] !== undefined && record[from] !== null)
              assert.notEqual((moved as Record<string, unknown>)[to] ?? undefined, undefined)
        }
      ),
      { numRuns: 2000 }
    )
  })
})
