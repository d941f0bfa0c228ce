import assert from 'node:assert/strict'
import { PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { Properties } from '../../../nodes/mqtt-publish/properties.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const record = (headers: object) => ({
  [PROVENANCE]: new Provenance(
    { at: () => ({ origin: { kind: 'unknown' }, key: null, headers, raw: null }) as never },
    0
  )
})
const properties = (by?: string) =>
  new Properties({ expiryS: 0, contentType: '', userProperties: [] }, by)

describe('the user properties of what is published', () => {
  it('have the trace that a record is part of, each its own', () => {
    const made = properties('b')
    const told = [{ traceparent, tracestate: 'a=1' }, {}, { traceparent: Buffer.from(traceparent) }]
    assert.deepEqual(
      told.map(headers => made.of(record(headers), undefined)),
      [
        { userProperties: { 'millrace.by': 'b', traceparent, tracestate: 'a=1' } },
        { userProperties: { 'millrace.by': 'b' } },
        { userProperties: { 'millrace.by': 'b', traceparent } }
      ]
    )
  })

  it('have none where there is no place for them', () =>
    assert.deepEqual(properties().of(record({ traceparent }), undefined), {}))
})
