import assert from 'node:assert/strict'
import { Repeats } from '../../../nodes/http-ingest/repeats.ts'

const STORED = { status: 204, headers: {}, body: undefined }
const BUSY = { status: 503, headers: {}, body: undefined }

describe('http-ingest repeats', () => {
  let nowMs = 0
  let repeats: Repeats
  beforeEach(() => {
    nowMs = 0
    repeats = new Repeats(() => nowMs)
  })

  it('gives the answer of the first try to those before and after it', () => {
    const got: number[] = []
    const first = repeats.begin('k')
    assert.equal(repeats.begin('k'), undefined)
    repeats.waitFor('k', ({ status }) => got.push(status))
    assert.equal(got.length, 0)
    first?.settle(STORED)
    repeats.waitFor('k', ({ status }) => got.push(status))
    assert.deepEqual(got, [204, 204])
  })

  it('takes the next try as a first one where nothing became of it', () => {
    const got: number[] = []
    const first = repeats.begin('k')
    repeats.waitFor('k', ({ status }) => got.push(status))
    first?.forget(BUSY)
    assert.deepEqual(got, [503])
    assert.notEqual(repeats.begin('k'), undefined)
    // The one before has no say in it any more.
    first?.settle(STORED)
    assert.equal(repeats.size, 1)
    repeats.waitFor('k', ({ status }) => got.push(status))
    assert.deepEqual(got, [503])
  })

  it('lets go of old answers while one before them is still open', () => {
    repeats.begin('open')
    for (let each = 0; each < 20; each++) repeats.begin(`k${each}`)?.settle(STORED)
    nowMs = 600_001
    repeats.begin('new')
    assert.equal(repeats.size, 2)
  })

  it('lets go of the oldest where there are too many, however many are open', () => {
    for (let each = 0; each < 12_000; each++) repeats.begin(`open ${each}`)
    for (let each = 0; each < 12_000; each++) repeats.begin(`k${each}`)?.settle(STORED)
    assert.equal(repeats.size, 22_000)
    assert.equal(repeats.begin('k11999'), undefined)
    assert.equal(repeats.begin('open 0'), undefined)
    assert.notEqual(repeats.begin('k0'), undefined)
  })

  it('lets go of those who wait no longer', () => {
    repeats.begin('k')
    const leaves = Array.from({ length: 5 }, () => repeats.waitFor('k', () => undefined))
    assert.equal(repeats.waiting, 5)
    for (const leave of leaves) leave()
    assert.equal(repeats.waiting, 0)
  })

  it('keeps answers where its node is closed, and nothing that has none', () => {
    repeats.begin('stored')?.settle(STORED)
    const first = repeats.begin('open')
    repeats.forgetOpen()
    first?.settle(STORED)
    assert.equal(repeats.begin('stored'), undefined)
    assert.notEqual(repeats.begin('open'), undefined)
  })
})
