import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { jsonText } from '../../../../core/record/json-write.ts'
import { parseRecord } from '../../../../core/record/parse-record.ts'
import type { ColumnType } from '../../../../palettes/archive/core/column.ts'
import { rowsOf } from '../../../../palettes/archive/core/file-rows.ts'
import { finishFile } from '../../../../palettes/archive/core/finish-file.ts'
import { pathRange } from '../../../../palettes/archive/core/path-range.ts'
import { rowFormat } from '../../../../palettes/archive/core/row-format.ts'
import { recordMaker, wantedBy } from '../../../../palettes/archive/nodes/archive-source/logic.ts'

const all = { path: '', since: '', until: '' }

describe('archive-source: which files', () => {
  const range = pathRange('site={site}/date={date}/hour={hour}/')
  const file = 'site=a/date=2026-03-01/hour=07/t-0.jsonl'

  it('knows the time of a file by its path', () => {
    assert.equal(range.prefix, 'site=')
    const from = Date.parse('2026-03-01T07:00:00Z')
    assert.deepEqual(range.rangeOf(file), [from, from + 3_600_000])
    const byDay = pathRange('{year}/{month}/{day}')
    const day = Date.parse('2026-03-01T00:00:00Z')
    assert.deepEqual(byDay.rangeOf('2026/03/01/t.csv'), [day, day + 86_400_000])
    assert.equal(pathRange('x/').rangeOf('x/t.csv'), undefined)
  })

  it('takes what the template may have written, and nothing else', () => {
    assert.equal(range.matches(file), true)
    for (const path of ['site=a/date=2026-03-01/t.jsonl', 'other/x.jsonl', `x/${file}`])
      assert.equal(range.matches(path), false, path)
    assert.equal(pathRange('a.b/').matches('axb/t.csv'), false)
  })

  it('is decided by a message, and by nothing that is unknown', () => {
    assert.deepEqual(wantedBy(all, 1), all)
    assert.deepEqual(wantedBy(all, { path: 'a/' }), { ...all, path: 'a/' })
    for (const wrong of [{ topic: 'x' }, { since: 'yesterday' }, { until: 5 }, { path: '../x' }])
      assert.ok('problems' in wantedBy(all, wrong), JSON.stringify(wrong))
  })
})

describe('archive-source: rows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rows-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const records = [
    '{"id":"a,\\"b\\"\\nc","n":9007199254740993,"d":12345678901234567890.1234,"t":"2026-03-01T07:08:09.123456Z","on":true,"more":{"x":[1,2]}}',
    '{"id":"","n":-1,"d":0.5,"t":"2026-03-01T07:08:10.000Z","on":false}',
    '{"id":"ä"}'
  ]
  const rules = { trailingNuls: 'reject', nanAsNull: false, exact: true } as const
  const column = (from: string, type: ColumnType) => ({
    ...{ column: from, from, type },
    digits: '30,4'
  })
  const columns = [
    column('id', 'text'),
    column('n', 'int64'),
    column('d', 'decimal'),
    column('t', 'timestamp'),
    column('on', 'boolean')
  ]
  const sorted = (text: string) =>
    jsonText(
      Object.fromEntries(
        Object.entries(parseRecord(Buffer.from(text), rules)).sort(([a], [b]) => (a < b ? -1 : 1))
      )
    )

  for (const format of ['parquet', 'jsonl', 'csv'] as const)
    for (const compression of ['none', 'gzip'] as const)
      it(`comes back as it was archived: ${format}, ${compression}`, async () => {
        const rows = rowFormat({ format, columns, rest: 'column' })
        const local = join(folder, `${format}-${compression}`)
        const lines = records.map(text => rows.row(parseRecord(Buffer.from(text), rules)))
        writeFileSync(local, rows.header + lines.join(''))
        const whole = await finishFile(local, { format, compression, columns: rows.columns })
        const outer = format === 'parquet' ? 'none' : compression
        const back: (string | undefined)[] = []
        const make = recordMaker({ timeField: '', rest: true }, all)
        for await (const text of rowsOf(whole, { format, compression: outer }, 0))
          back.push(sorted(jsonText(make(text, { file: '', row: 1 }))!))
        assert.deepEqual(back, records.map(sorted))
        let left = 0
        for await (const _row of rowsOf(whole, { format, compression: outer }, 2)) left++
        assert.equal(left, 1)
      })

  it('takes records of the time range, and rejects what is none with its place', () => {
    const wanted = { path: '', since: '2026-03-01T00:00:00Z', until: '2026-03-02T00:00:00Z' }
    const make = recordMaker({ timeField: 'ts', rest: true }, wanted)
    const place = { file: 'f', row: 3 }
    assert.ok(make('{"ts":"2026-03-01T23:59:59Z"}', place))
    assert.equal(make('{"ts":"2026-03-02T00:00:00Z"}', place), undefined)
    const bad = make('{"ts":', place) as { reason: { code: string }; record: object }
    assert.equal(bad.reason.code, 'JSON_INVALID')
    assert.deepEqual(bad.record, { file: 'f', row: 3, text: '{"ts":' })
  })

  it('says what is wrong with a file', async () => {
    const local = join(folder, 'cut')
    const read = async (bytes: Buffer, what: Parameters<typeof rowsOf>[1]) => {
      writeFileSync(local, bytes)
      for await (const _row of rowsOf(local, what, 0));
    }
    const zipped = gzipSync('{"a":1}\n'.repeat(1_000))
    const gzip = { format: 'jsonl', compression: 'gzip' } as const
    await assert.rejects(read(zipped.subarray(0, 30), gzip))
    await assert.rejects(read(Buffer.from('a,b\n1\n'), { format: 'csv', compression: 'none' }))
    await assert.rejects(read(Buffer.from('PAR1'), { format: 'parquet', compression: 'none' }))
  })
})
