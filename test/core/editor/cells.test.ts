import assert from 'node:assert/strict'
import fc from 'fast-check'
import Papa from 'papaparse'
import { csvOf, pastedCells, tableIn } from '../../../core/editor/cells.ts'

describe('a table as text', () => {
  const tables: readonly (readonly [name: string, text: string, cells: string[][] | undefined])[] =
    [
      [
        'commas',
        'id,place\na,hall 1\n',
        [
          ['id', 'place'],
          ['a', 'hall 1']
        ]
      ],
      [
        'semicolons',
        'id;place\na;"hall; 1"',
        [
          ['id', 'place'],
          ['a', 'hall; 1']
        ]
      ],
      [
        'a byte order mark, lines of Windows',
        '\uFEFFid,p\r\na,b\r\n',
        [
          ['id', 'p'],
          ['a', 'b']
        ]
      ],
      [
        'quotes in quotes',
        'id,p\na,"say ""hi"""\n',
        [
          ['id', 'p'],
          ['a', 'say "hi"']
        ]
      ],
      [
        'blank lines',
        'id,p\n\na,b\n\n',
        [
          ['id', 'p'],
          ['a', 'b']
        ]
      ],
      ['JSON is none', '[{"id":1}]', undefined],
      ['nothing is none', '', undefined],
      ['lines of other lengths are none', 'id,p\na\n', undefined],
      ['a quote that is not closed is none', 'id,p\na,"b\n', undefined]
    ]
  for (const [name, text, cells] of tables)
    it(name, () => {
      assert.deepEqual(tableIn(text), cells)
    })

  it('a spreadsheet gives cells by tabs', () => {
    assert.deepEqual(pastedCells('a\thall, 1\r\nb\thall 2\r\n'), [
      ['a', 'hall, 1'],
      ['b', 'hall 2']
    ])
  })

  it('what it writes is read by the runtime as it stands', () => {
    const cell = fc.string().map(text => text.trim().replaceAll('\r', ''))
    const row = fc.array(cell, { minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), found => {
        const cells = [['device_id', 'place'], ...found]
        const { data } = Papa.parse(csvOf(cells), { delimiter: ',', skipEmptyLines: true })
        assert.deepEqual(data, cells)
      })
    )
  })
})
