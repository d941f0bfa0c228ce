import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Reader, ReaderOptions } from '../../../core/format/reader.ts'
import type { Item } from '../../../core/format/records-at.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { threadMs } from '../../thread-time.ts'
import { readerOf, readerOptions } from './reader-options.ts'

const ELEMENTS = Array.from(
  { length: 12_000 },
  (_, index) => `{"id":"d\\"],[${index}","n":[${index},{"x":"}"}],"v":${index / 7}}`
)
const LONG = `[${ELEMENTS.join(',')}]`
const ARRIVAL = { arrivedMs: 0 }

const piecesOf = async (options: Partial<ReaderOptions>, payload: string | Buffer) => {
  const reader: Reader = await readerOf(readerOptions(options))
  return [...reader.pieces(Buffer.from(payload), ARRIVAL)]
}
const codesOf = (items: readonly Item[]) =>
  items.map(({ record }) => (record instanceof ParseFailure ? record.code : record))

describe('a long list in JSON, read some elements at a time', () => {
  const expected = (JSON.parse(LONG) as object[]).map((record, index) => ({
    record,
    place: String(index)
  }))

  it('has the same records in the same places as read at once', async () => {
    const pieces = await piecesOf({ at: 'list' }, LONG)
    assert.ok(pieces.length > 8)
    assert.deepEqual(
      pieces.flatMap(({ values }) => values),
      expected
    )
  })

  it('each piece is read again by itself, in new objects', async () => {
    for (const { values, again } of await piecesOf({ at: 'list' }, LONG)) {
      const other = again()
      assert.deepEqual(other, values)
      for (const [index, { record }] of values.entries())
        assert.notEqual(record, other[index]!.record)
    }
  })

  it('at a path, with the fields around it, whatever stands beside it', async () => {
    const payload = `\uFEFF{"a":{"k":"values","values":{"b":"]"}},"va\\u006cues": ${LONG} ,"z":1}\0\0`
    const pieces = await piecesOf({ at: 'list', path: 'values' }, payload)
    const items = pieces.flatMap(({ values }) => values)
    assert.equal(items.length, ELEMENTS.length)
    assert.deepEqual(items[7], {
      record: { a: { k: 'values', values: { b: ']' } }, z: 1, ...expected[7]!.record },
      place: 'values.7'
    })
  })

  it('a bad element is refused alone, a number with more digits is kept', async () => {
    const payload = `${LONG.slice(0, -1)},7,{"v":12345678901234567890},{"v":NaN}]`
    const items = (await piecesOf({ at: 'list', exact: true, nanAsNull: true }, payload)).flatMap(
      ({ values }) => values
    )
    assert.deepEqual(codesOf(items.slice(-3)), [
      'NOT_A_RECORD',
      { v: 12345678901234567890n },
      { v: null }
    ])
    assert.equal(items.at(-3)!.place, '12000')
  })

  const broken: [name: string, payload: string][] = [
    ['cut off', LONG.slice(0, -1)],
    ['cut off in an element', LONG.slice(0, -9)],
    ['a comma at the end', `${LONG.slice(0, -1)},]`],
    ['two commas', LONG.replace('},{', '},,{')],
    ['another bracket', `${LONG.slice(0, -1)}}`],
    ['something behind it', `${LONG}]`],
    ['no value in the last element', `${LONG.slice(0, -1)},nonsense]`]
  ]
  for (const [name, payload] of broken) {
    it(`${name}: all of it is refused, and nothing of it is taken`, async () => {
      for (const path of ['', 'values']) {
        const given = path === '' ? payload : `{"values":${payload}}`
        const items = (await piecesOf({ at: 'list', path }, given)).flatMap(({ values }) => values)
        assert.deepEqual(codesOf(items), ['JSON_INVALID'])
        assert.equal(items[0]!.place, '')
      }
    })
  }

  it('two of them by the same name are refused', async () => {
    const payload = `{"values":${LONG},"values":[]}`
    const [item] = (await piecesOf({ at: 'list', path: 'values' }, payload)).flatMap(
      ({ values }) => values
    )
    assert.match((item!.record as ParseFailure).message, /"values" stands in it twice/)
  })
})

describe('a hundred thousand records in one payload', function () {
  this.timeout(60_000)
  const element = (n: number) => `{"device_id":"d${n % 50}","metric":"t","value":${n / 8}}`
  const numbers = Array.from({ length: 100_000 }, (_, n) => n)
  const note = 'as the gateway wrote it into its file line by line '.repeat(2)
  const payloads: [name: string, options: Partial<ReaderOptions>, bytes: () => Buffer][] = [
    ['a list', { at: 'list' }, () => Buffer.from(`[${numbers.map(element).join(',')}]`)],
    [
      'a list at a path',
      { at: 'list', path: 'values' },
      () => Buffer.from(`{"site":"s1","values":[${numbers.map(element).join(',')}]}`)
    ],
    ['JSON lines', { format: 'json-lines' }, () => Buffer.from(numbers.map(element).join('\n'))],
    [
      'CSV of 10 MB',
      { format: 'csv' },
      () => Buffer.from(`id,v,note\n${numbers.map(n => `d${n % 50},${n},${note}`).join('\n')}`)
    ],
    [
      'line protocol',
      { format: 'line-protocol' },
      () => Buffer.from(numbers.map(n => `m,id=d${n % 50} v=${n}i`).join('\n'))
    ]
  ]
  for (const [name, options, bytesOf] of payloads) {
    it(`${name}: no piece takes the processor for 50 ms`, async () => {
      const reader = await readerOf(readerOptions(options))
      const bytes = bytesOf()
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 3; time++) {
        let [longestMs, records] = [0, 0]
        let beganMs = threadMs()
        for (const { values } of reader.pieces(bytes, ARRIVAL)) {
          records += values.length
          longestMs = Math.max(longestMs, threadMs() - beganMs)
          beganMs = threadMs()
        }
        assert.equal(records, 100_000)
        best = Math.min(best, longestMs)
      }
      assert.ok(best < 50, `${best} ms`)
    })
  }
})

describe('pieces of a payload', () => {
  const line = fc.constantFrom('a,1', '"x,""y",2', '"two\nlines",3', 'one', '', ' b , 4 ', '"open')
  const options: [ReaderOptions['format'], fc.Arbitrary<string>][] = [
    ['csv', line],
    ['json-lines', fc.constantFrom('{"v":1}', 'x', '', '[1,2]', '"t"')],
    ['json-sequence', fc.constantFrom('{"v":1}', 'x', '', '[1,{"a":"}"}]', '"t"', '7')],
    ['line-protocol', fc.constantFrom('m v=1 5', 'm,t=a v="x\ny"', '#c', '', 'm v=', 'm v=1i')]
  ]
  for (const [format, lines] of options) {
    it(`of ${format} are the same again, wherever they are cut`, async () => {
      const reader = await readerOf(readerOptions({ format }))
      fc.assert(
        fc.property(fc.array(lines, { maxLength: 30 }), few => {
          // More of them than one piece takes.
          const text = `h,v\n${Array.from({ length: 90 }, () => few.join('\n')).join('\n')}`
          const pieces = [...reader.pieces(Buffer.from(text), ARRIVAL)]
          assert.deepEqual(
            pieces.flatMap(({ again }) => again()),
            pieces.flatMap(({ values }) => values)
          )
        }),
        { numRuns: 60 }
      )
    })
  }

  it('of a CSV file are cut at the ends of lines, not within quotes', async () => {
    const rows = Array.from({ length: 9000 }, (_, index) =>
      index % 3 === 0 ? `d${index},"${'text\n'.repeat(20)}${index}"` : `d${index},${index}`
    )
    const pieces = await piecesOf({ format: 'csv' }, `id,v\n${rows.join('\n')}`)
    const records = pieces.flatMap(({ values }) => values).map(({ record }) => record)
    assert.equal(records.length, 9000)
    assert.deepEqual(records[8997], { id: 'd8997', v: `${'text\n'.repeat(20)}8997` })
    assert.deepEqual(records[8999], { id: 'd8999', v: 8999 })
    assert.deepEqual(codesOf(pieces.flatMap(({ again }) => again())), records)
  })
})
