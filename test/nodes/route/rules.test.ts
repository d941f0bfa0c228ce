import assert from 'node:assert/strict'
import fc from 'fast-check'
import { listText, parseList } from '../../../nodes/route/list-text.ts'

const lists: [text: string, list: unknown[]][] = [
  ['', []],
  ['a', ['a']],
  ['a, b ,3', ['a', 'b', 3]],
  ['"3", true, "true"', ['3', true, 'true']],
  ['"with, comma", "a \\" b"', ['with, comma', 'a " b']],
  ['two words, -1.5', ['two words', -1.5]],
  [',,', []],
  ['{}, null', ['{}', 'null']]
]

describe('nodes/route/rules', () => {
  for (const [text, list] of lists)
    it(`reads the list ${text}`, () => assert.deepEqual(parseList(text), list))

  it('reads back the lists it wrote', () => {
    const item = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean()
    )
    fc.assert(
      fc.property(fc.array(item), list =>
        assert.deepEqual(
          parseList(listText(list)),
          list.map(value => (value === 0 ? 0 : value))
        )
      )
    )
  })
})
