import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readableLetter } from '../../../core/dead-letter/decode.ts'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { PROVENANCE, Provenance, reject, type Taken } from '../../../core/record/record.ts'

const bytes = Buffer.from('{"device_id":"d1","metric":"t","value":"high","ts":1708700000}')
const taken: Taken = {
  origin: { kind: 'kafka', topic: 'raw', partition: 3, offset: '1204', timestamp: '1708700000000' },
  key: 'd1',
  headers: { 'mqtt.topic': 'acme/site-01/t/d1/reading', h: ['1', '2'] },
  raw: bytes
}

/** A record of this origin as it comes out of the dead-letter topic. */
function lettered(from: Taken, record: object = { device_id: 'd1' }) {
  const placed = Object.assign(
    { ...record },
    { [PROVENANCE]: new Provenance({ at: () => from }, 0) }
  )
  const reason = { code: 'FIELD_TYPE', message: 'value must be a number.', path: 'value' }
  const { key, value, headers } = encodeRejection(
    reject(placed, 'validate', reason, { attempts: 6 })
  )
  const buffer = (part: Buffer | string | null) =>
    typeof part === 'string' ? Buffer.from(part) : part
  return { key: buffer(key), value: buffer(value), headers, timestamp: '1708700001000' }
}

describe('core/dead-letter/decode', () => {
  it('shows why, where and whose first, the payload as text, and the bytes last', () => {
    const letter = readableLetter(lettered(taken))
    assert.deepEqual(letter, {
      reason: 'value must be a number.',
      code: 'FIELD_TYPE',
      stage: 'validate',
      device: 'd1',
      text: bytes.toString(),
      at: '2024-02-23T14:53:21.000Z',
      path: 'value',
      attempts: 6,
      from: 'kafka raw/3 at 1204',
      key: 'd1',
      headers: { 'mqtt.topic': 'acme/site-01/t/d1/reading', h: ['1', '2'] },
      bytes
    })
    assert.deepEqual(Object.keys(letter).slice(0, 5), ['reason', 'code', 'stage', 'device', 'text'])
    assert.equal(Object.keys(letter).at(-1), 'bytes')
  })

  it('takes the key for the device where the payload names none', () => {
    const origin = { kind: 'mqtt', topic: 'a/b', qos: 1, retained: false } as const
    const letter = readableLetter(lettered({ ...taken, origin, raw: Buffer.from('rubbish \xff') }))
    assert.equal(letter.device, 'd1')
    assert.equal(letter.from, 'mqtt a/b')
  })

  it('cuts a long payload in the text, not in the bytes', () => {
    const raw = Buffer.from('x'.repeat(1_000_000))
    const letter = readableLetter(lettered({ ...taken, raw }))
    assert.equal(letter.text.length, 2_001)
    assert.equal(letter.bytes!.length, raw.length)
  })

  it('reads whatever stands in the topic', () => {
    const part = fc.option(fc.uint8Array({ maxLength: 200 }).map(found => Buffer.from(found)))
    fc.assert(
      fc.property(
        part,
        part,
        fc.dictionary(fc.string(), fc.string()),
        fc.string(),
        (key, value, headers, timestamp) => {
          JSON.stringify(readableLetter({ key, value, headers, timestamp }))
        }
      )
    )
  })
})
