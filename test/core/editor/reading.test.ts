import assert from 'node:assert/strict'
import { readingOf } from '../../../core/editor/reading.ts'

describe('core/editor/reading', () => {
  const cases: readonly (readonly [text: string, unit: string, reading: string])[] = [
    ['16777216', 'bytes', '= 16 MiB'],
    ['1000000', 'bytes', '≈ 977 KiB'],
    ['512', 'bytes', ''],
    ['86400', 's', '= 1 d'],
    ['90', 's', '= 1.5 min'],
    ['30', 's', ''],
    ['2000', 'ms', '= 2 s'],
    ['172800000', 'ms', '= 2 d'],
    ['500', 'records', ''],
    ['$' + '{LIMIT}', 'bytes', ''],
    ['', 's', ''],
    ['9'.repeat(30), 's', ''],
    ['-86400', 's', ''],
    ['60', 'constructor', '']
  ]
  for (const [text, unit, reading] of cases)
    it(`${text} ${unit} ${reading === '' ? 'are said as they are' : reading}`, () => {
      assert.equal(readingOf(text, unit), reading)
    })
})
