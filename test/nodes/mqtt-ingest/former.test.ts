import assert from 'node:assert/strict'
import { FormerFilters } from '../../../nodes/mqtt-ingest/former.ts'

describe('mqtt-ingest: when a former subscription may be left', () => {
  const begun = () => {
    const former = new FormerFilters()
    former.begin(['old'])
    return former
  }
  const progress = (taken: number, open: number, full = false) => ({ taken, open, full })

  it('once all that had come by a beat without pressure is acknowledged', () => {
    const former = begun()
    assert.deepEqual(former.due(progress(10, 5)), [])
    assert.deepEqual(former.due(progress(20, 11)), [], '9 of the 10 are acknowledged')
    assert.deepEqual(former.due(progress(30, 20)), ['old'])
    assert.equal(former.exist, false)
  })

  it('not while the server is held back, nor at the first beat after', () => {
    const former = begun()
    assert.deepEqual(former.due(progress(10, 10, true)), [])
    former.heldBack()
    assert.deepEqual(former.due(progress(20, 0)), [])
    assert.deepEqual(former.due(progress(20, 0)), [])
    former.heldBack()
    assert.deepEqual(former.due(progress(30, 0)), [], 'there was pressure between two beats')
    assert.deepEqual(former.due(progress(30, 0)), [])
    assert.deepEqual(former.due(progress(30, 0)), ['old'])
  })

  it('not by what was seen on a connection that broke', () => {
    const former = begun()
    former.due(progress(10, 0))
    former.begin(['old'])
    assert.deepEqual(former.due(progress(10, 0)), [])
    assert.deepEqual(former.due(progress(10, 0)), ['old'])
  })
})
