import assert from 'node:assert/strict'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { PROVENANCE, Provenance, provenanceOf } from '../../../core/record/record.ts'
import { reshaped, throughKafka } from './reshape-of.ts'

describe('nodes/reshape, where a record stood', () => {
  it('keeps where a record came from, also of parts, and bytes and topic of a bad one', async () => {
    const given = throughKafka({ list: [{ a: 1, b: 2 }, 7] }, { topic: 't/1' })
    const { rows, rejected } = await reshaped({ recordsAt: 'list', listPath: 'list' }, given)
    assert.deepEqual(
      rows.map(row => provenanceOf(row)?.place),
      ['list.0.a', 'list.0.b']
    )
    for (const row of rows) assert.equal(provenanceOf(row)?.taken, provenanceOf(given)?.taken)
    const [letter] = rejected
    assert.deepEqual(
      [letter!.record, letter!.reason.path, letter!.raw?.toString()],
      [7, 'list.1', '{"list":[{"a":1,"b":2},7]}']
    )
    assert.equal(provenanceOf(letter)?.taken, provenanceOf(given)?.taken)
  })

  it('several rejected rows of one message from MQTT are dead letters of their own, replayed once', async () => {
    const origin = { kind: 'mqtt', topic: 'a', qos: 1, retained: false } as const
    const batch = { at: () => ({ origin, key: null, headers: {}, raw: Buffer.from('{}') }) }
    const given = (index: number) => ({
      list: [{ a: 'x', b: 'y', c: 1 }, 5],
      [PROVENANCE]: new Provenance(batch, index)
    })
    const settings = {
      recordsAt: 'list',
      listPath: 'list',
      keep: [],
      texts: true,
      values: [{ metric: '*', action: 'number', by: '' }]
    }
    const { rows, rejected } = await reshaped(settings, [given(0), given(1)])
    const headers = rejected.map(rejection => encodeRejection(rejection).headers)
    assert.deepEqual(
      headers.map(of => of['millrace.message.place']),
      ['list.0.a', 'list.0.b', 'list.1', 'list.0.a', 'list.0.b', 'list.1']
    )
    assert.deepEqual(provenanceOf(rows[0])?.place, 'list.0.c')
    const ids = headers.map(of => of['millrace.message.id'])
    assert.deepEqual([new Set(ids).size, ids[0], ids[3]], [2, ids[2], ids[5]])
  })
})
