import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import {
  type Batch,
  inherit,
  isKafkaMessage,
  isRejection,
  KAFKA_MESSAGE,
  PROVENANCE,
  Provenance,
  provenanceOf,
  reject
} from '../../../core/record/record.ts'

const { cloneMessage } = createRequire(import.meta.url)('@node-red/util').util as {
  cloneMessage<T>(message: T): T
}

const raw = Buffer.from('{"device_id":"d1"}')
const batch: Batch = {
  at: index => ({
    origin: {
      kind: 'kafka',
      topic: 'raw',
      partition: 2,
      offset: String(100 + index),
      timestamp: '0'
    },
    key: 'd1',
    headers: { site: 'north' },
    raw
  })
}
const record = (index: number) => ({ device_id: 'd1', [PROVENANCE]: new Provenance(batch, index) })

describe('provenance', () => {
  it('survives the cloning of Node-RED, and its bytes are shared, not copied', () => {
    const { payload } = cloneMessage({ payload: [record(0), record(7)] })
    assert.deepEqual(provenanceOf(payload[1])?.taken.origin, batch.at(7).origin)
    assert.equal(provenanceOf(payload[1])?.taken.raw, raw)
    assert.notEqual(payload[0], record(0))
  })

  it('is not seen by JSON', () => assert.equal(JSON.stringify(record(0)), '{"device_id":"d1"}'))

  it('passes to a record that is made from another', () => {
    assert.equal(provenanceOf(inherit(record(3), { device: 'd1' }))?.index, 3)
    assert.equal(provenanceOf(inherit({}, {})), undefined)
  })
})

describe('reject', () => {
  it('takes along the origin and the original bytes', () => {
    const rejection = reject(record(1), 'validate', {
      code: 'SCHEMA_MISMATCH',
      message: 'value must be a number',
      path: 'value'
    })
    assert.ok(isRejection(rejection))
    assert.equal(rejection.raw, raw)
    assert.deepEqual(rejection.origin, batch.at(1).origin)
    assert.equal(rejection.stage, 'validate')
  })

  it('works for what has no provenance, and for what is no object', () => {
    for (const value of [null, undefined, 5, 'text', {}]) {
      const rejection = reject(value, 'route', { code: 'NOT_A_RECORD', message: 'not an object' })
      assert.deepEqual([rejection.origin, rejection.raw], [null, null])
    }
  })

  it('is still a rejection after cloning', () => {
    assert.ok(
      isRejection(
        cloneMessage({ payload: reject({}, 'route', { code: 'X', message: 'x' }) }).payload
      )
    )
  })

  it('cannot be forged by a device', () => {
    assert.equal(
      isRejection(
        JSON.parse('{"reason":{"code":"X"},"stage":"validate","millrace.rejection":true}')
      ),
      false
    )
    assert.equal(isKafkaMessage(JSON.parse('{"key":"a","value":"b","headers":{}}')), false)
    assert.equal(
      isKafkaMessage({ [KAFKA_MESSAGE]: true, key: null, value: null, headers: {} }),
      true
    )
  })
})
