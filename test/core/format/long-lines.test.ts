import assert from 'node:assert/strict'
import type { Reader, ReaderOptions } from '../../../core/format/reader.ts'
import type { Item } from '../../../core/format/records-at.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { threadMs } from '../../thread-time.ts'
import { readerOf, readerOptions } from './reader-options.ts'

const ARRIVAL = { arrivedMs: 0 }
type Options = Partial<ReaderOptions>

const piecesOf = async (options: Options, bytes: Buffer) =>
  (await readerOf(readerOptions(options))).pieces(bytes, ARRIVAL)
const itemsOf = async (options: Options, bytes: Buffer) =>
  [...(await piecesOf(options, bytes))].flatMap(({ values }) => values)
const shown = ({ record, place }: Item) => [
  place,
  record instanceof ParseFailure ? record.code : record
]

const reading = (n: number) => ({ id: `d${n % 50}`, t: ['x', { y: n }], v: n / 8, ok: n % 2 === 0 })
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const MANY = 12_000

for (const [format, between] of [
  ['json-lines', '\n'],
  ['json-sequence', ' ']
] as const) {
  describe(`a long value among several of ${format} is read some at a time`, () => {
    const list = () => ({ site: 's1', values: numbers(MANY).map(reading) })
    const payload = (...values: unknown[]) =>
      Buffer.from(
        values
          .map(value => (typeof value === 'string' ? value : JSON.stringify(value)))
          .join(between)
      )

    it('each list at a path has its records in their places, beside short ones', async () => {
      const short = { values: [reading(1)] }
      const bytes = payload(short, short, list(), short, list())
      const options = { format, at: 'list', path: 'values' } as const
      const items = await itemsOf(options, bytes)
      const places = (value: number, count: number) =>
        numbers(count).map(n => `${value}.values.${n}`)
      assert.deepEqual(
        items.map(({ place }) => place),
        [...places(0, 1), ...places(1, 1), ...places(2, MANY), ...places(3, 1), ...places(4, MANY)]
      )
      assert.deepEqual(items[9]!.record, { site: 's1', ...reading(7) })
      for (const piece of await piecesOf(options, bytes)) {
        const before = JSON.stringify(piece.values.map(shown))
        for (const { record } of piece.values) (record as { changed?: true }).changed = true
        assert.equal(JSON.stringify(piece.again().map(shown)), before)
      }
    })

    it('one that is no JSON, or a record too wide, is refused alone', async () => {
      const wide = Object.fromEntries(numbers(60_000).map(n => [`k${n}`, n]))
      const broken = JSON.stringify({ text: 'x'.repeat(400_000), n: 5 }).replace(':5', ':')
      const items = await itemsOf({ format }, payload({ a: 1 }, broken, wide, { b: 2 }))
      assert.deepEqual(items.map(shown), [
        ['0', { a: 1 }],
        ['1', 'JSON_INVALID'],
        ['2', 'RECORD_TOO_WIDE'],
        ['3', { b: 2 }]
      ])
      const { message } = items[1]!.record as ParseFailure
      assert.match(
        message,
        format === 'json-lines' ? /begins at line 2 / : /begins at character 9 /
      )
    })

    it('one of several MB takes no turn of 50 ms', async () => {
      const values = numbers(100_000).map(n => ({ ...reading(n), note: 'as the gateway wrote it' }))
      const bytes = payload({ values: [] }, { values }, { values: [reading(1)] })
      const reader = await readerOf(readerOptions({ format, at: 'list', path: 'values' }))
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 4 && best >= 50; time++) {
        const { longestMs, records } = gone(reader, bytes)
        assert.equal(records, 100_001)
        best = Math.min(best, longestMs)
      }
      assert.ok(best < 50, `${best} ms`)
    })
  })
}

/** How long the longest step takes, and how many records there are. */
function gone(reader: Reader, bytes: Buffer): { longestMs: number; records: number } {
  let [longestMs, records] = [0, 0]
  let beganMs = threadMs()
  for (const { values } of reader.pieces(bytes, ARRIVAL)) {
    records += values.length
    longestMs = Math.max(longestMs, threadMs() - beganMs)
    beganMs = threadMs()
  }
  return { longestMs, records }
}
