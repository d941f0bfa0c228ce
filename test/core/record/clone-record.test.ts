import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cloneRecord } from '../../../core/record/clone-record.ts'
import { type Batch, PROVENANCE, Provenance, provenanceOf } from '../../../core/record/record.ts'

describe('core/record/clone-record', () => {
  it('gives a copy of any JSON that can be changed on its own', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const before = JSON.stringify(value)
        const copy = cloneRecord(value)
        assert.deepEqual(copy, value)
        overwrite(copy)
        assert.equal(JSON.stringify(value), before)
      })
    )
  })
  it('keeps where a record came from', () => {
    const batch: Batch = { at: () => assert.fail('nobody asked') }
    const record = { a: { b: 1 }, [PROVENANCE]: new Provenance(batch, 3) }
    assert.equal(provenanceOf(cloneRecord(record)), record[PROVENANCE])
  })
  it('keeps a __proto__ key a key', () => {
    const copy = cloneRecord(JSON.parse('{"a":{"__proto__":{"admin":{"x":1}}}}')) as {
      a: { admin?: unknown }
    }
    assert.equal(copy.a.admin, undefined)
    assert.deepEqual(Object.keys(copy.a), ['__proto__'])
  })
  it('shares bytes and dates', () => {
    const record = { bytes: Buffer.from('x'), at: new Date(0) }
    const copy = cloneRecord(record)
    assert.equal(copy.bytes, record.bytes)
    assert.equal(copy.at, record.at)
  })
  it('takes what contains itself, and any depth', () => {
    const loop: Record<string, unknown> = {}
    loop.self = [loop]
    const copy = cloneRecord(loop) as { self: unknown[] }
    assert.equal(copy.self[0], copy)
    let deep: unknown = 1
    for (let level = 0; level < 20_000; level++) deep = { deep }
    assert.notEqual(cloneRecord(deep), deep)
  })
})

/** Changes everything in a value that can be changed. */
function overwrite(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    overwrite(inner)
    ;(value as Record<string, unknown>)[key] = 'changed'
  }
}
