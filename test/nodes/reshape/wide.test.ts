import assert from 'node:assert/strict'
import { reshaped } from './reshape-of.ts'

describe('nodes/reshape, what is made of very much', () => {
  it('makes no record of more than 10,000 metrics of rows of one device and time', async () => {
    const rows = Array.from({ length: 10_003 }, (_, n) => ({
      device_id: 'd',
      ts: 1,
      metric: `m${n}`,
      value: n
    }))
    const pivoted = await reshaped({ mode: 'pivot' }, rows)
    assert.deepEqual(
      pivoted.rows.map(row => Object.keys(row).length),
      [10_002]
    )
    assert.deepEqual(
      pivoted.rejected.map(({ record, reason }) => [
        (record as { value: number }).value,
        reason.code
      ]),
      [10_000, 10_001, 10_002].map(n => [n, 'RECORD_TOO_WIDE'])
    )
  })

  it('rejects a record whose rows would each get a copy of very much', async () => {
    const measured = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`m${n}`, n]))
    const about = (length: number) => ({
      ...measured,
      about: { list: Array.from({ length }, String) }
    })
    const keep = [{ from: 'about', to: '' }]
    const { rows, rejected } = await reshaped({ keep }, [about(300), about(400)])
    assert.deepEqual(
      [rows.length, rejected.map(({ reason }) => reason.code)],
      [900, ['PAYLOAD_TOO_LARGE']]
    )
    assert.notEqual(rows[0]!.about, rows[1]!.about)
  })
})
