import assert from 'node:assert/strict'
import { parseOptions } from '../../../../core/node/spec.ts'
import { planOf } from '../../../../palettes/archive/nodes/archive-sink/logic.ts'
import { previewed } from '../../../../palettes/archive/nodes/archive-sink/preview.ts'
import { spec } from '../../../../palettes/archive/nodes/archive-sink/spec.ts'

const NOW = Date.parse('2026-03-02T00:00:00Z')
const FROM = { topic: 'readings', partition: 0, kafkaMs: NOW }
const record = (more: object = {}) => ({
  ...{ site: 'halle', device_id: 'd1', metric: 't', value: 5 },
  ts_utc: '2026-03-01T07:00:00Z',
  ...more
})
const options = (given: object) =>
  parseOptions(spec, { store: 'store', format: 'jsonl', compression: 'none', ...given })
const plan = (given: object = {}) => planOf(options(given), 'archive sink', 'node')
const codeOf = (filed: object) => ('code' in filed ? filed.code : undefined)

describe('archive-sink: where a record goes', () => {
  it('rejects alone what is later than is wanted, by the time of Kafka', () => {
    const { file } = plan({ late: 'reject', lateH: 24 })
    assert.equal(codeOf(file(record(), FROM)), undefined)
    const late = file(record({ ts_utc: '2026-02-28T23:59:59Z' }), FROM)
    assert.deepEqual(late, {
      code: 'ARCHIVE_LATE',
      message: 'The record was older than 24 h when Kafka got it.'
    })
    const own = plan().file(record({ ts_utc: '2020-01-01T00:00:00Z' }), FROM)
    assert.ok('path' in own && own.path === 'site=halle/date=2020-01-01/hour=00/')
  })

  it('rejects alone what no store can name', () => {
    const long = 'x'.repeat(190)
    const { file } = plan({ path: '{site}{device_id}/' })
    assert.equal(codeOf(file(record({ site: long, device_id: 'd' }), FROM)), undefined)
    assert.equal(
      codeOf(file(record({ site: long, device_id: long }), FROM)),
      'ARCHIVE_PATH_INVALID'
    )
    const deep = plan({ path: '{site}/{device_id}/{a}/{b}' }).file
    const whole = record({ site: long, device_id: long, a: long, b: long })
    assert.equal(codeOf(deep(whole, FROM)), 'ARCHIVE_PATH_INVALID')
    const topic = 't'.repeat(195)
    const named = (archive: string) => plan({ archive }).file(record(), { ...FROM, topic })
    assert.equal(codeOf(named('a')), undefined)
    assert.equal(codeOf(named('plant')), 'ARCHIVE_PATH_INVALID')
  })

  it('bends no text and no time', () => {
    const { file } = plan({
      format: 'parquet',
      rest: 'leave',
      columns: [
        { column: 'at', from: 'at', type: 'timestamp' },
        { column: 'text', from: 'text', type: 'text' },
        { column: 'money', from: 'money', type: 'decimal' }
      ]
    })
    assert.equal(codeOf(file(record({ text: 'a\ud800' }), FROM)), 'ARCHIVE_VALUE_INVALID')
    for (let micros = 0; micros < 1_000; micros++) {
      const filed = file(record({ at: NOW + micros / 1_000, text: 'ä', money: 1.5 }), FROM)
      const cells = [`${NOW * 1_000 + micros}`, 'ä', '1500000']
      assert.ok('text' in filed)
      assert.deepEqual(JSON.parse(filed.text), cells)
    }
  })

  it('shows in the preview what stands in the columns, and else the line', async () => {
    const rowsOf = async (given: object) => {
      const sorted = previewed(options(given)).sort({
        payload: [record()],
        topic: 'readings'
      } as never)
      return (await sorted).outputs[0]![0]
    }
    const folder = 'site=halle/date=2026-03-01/hour=07/'
    assert.deepEqual(await rowsOf({ format: 'parquet' }), {
      $row: {
        folder,
        ts_utc: '2026-03-01T07:00:00.000Z',
        device_id: 'd1',
        metric: 't',
        value: '5',
        rest: '{"site":"halle"}'
      }
    })
    assert.deepEqual(await rowsOf({}), { $row: { folder, line: JSON.stringify(record()) } })
  })
})
