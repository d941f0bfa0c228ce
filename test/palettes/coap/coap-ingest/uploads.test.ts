import assert from 'node:assert/strict'
import { BodyMemory } from '../../../../core/upload/body-memory.ts'
import type { CoapRequest } from '../../../../palettes/coap/core/request.ts'
import { isWhole, Uploads } from '../../../../palettes/coap/nodes/coap-ingest/uploads.ts'

const SIZE = 16

describe('bodies that come in blocks', () => {
  let nowMs = 0
  const uploadsOf = (maxBodyBytes = 1_000, memory = new BodyMemory(10_000)) =>
    new Uploads({ maxBodyBytes, memory, now: () => nowMs })

  /** A piece of a body, as its sender gives it. */
  function take(uploads: Uploads, number: number, text: string, more: boolean, who: object = {}) {
    const payload = Buffer.from(text)
    const request = { peer: 'p', code: '0.02', path: 'a', query: [], tag: '', token: '01', ...who }
    const block = { number, more, exponent: 0, size: SIZE }
    const result = uploads.take(
      { ...request, payload, size: undefined } as never as CoapRequest,
      block
    )
    return isWhole(result) ? result.body.toString() : result.code
  }
  const full = (letter: string) => letter.repeat(SIZE)

  it('are put together in order', () => {
    const uploads = uploadsOf()
    assert.equal(take(uploads, 0, full('a'), true), '2.31')
    assert.equal(take(uploads, 1, full('b'), true), '2.31')
    assert.equal(take(uploads, 2, 'c', false), `${full('a')}${full('b')}c`)
    assert.equal(uploads.open, 0)
  })

  it('of one sender to one path at a time are told apart by their tokens', () => {
    const uploads = uploadsOf()
    const [one, other] = [{ token: '01' }, { token: '02' }]
    take(uploads, 0, full('a'), true, one)
    take(uploads, 0, full('x'), true, other)
    assert.equal(take(uploads, 1, 'b', false, one), `${full('a')}b`)
    assert.equal(take(uploads, 1, 'y', false, other), `${full('x')}y`)
  })

  it('may have another token in each piece', () => {
    const uploads = uploadsOf()
    take(uploads, 0, full('a'), true, { token: '01' })
    take(uploads, 1, full('b'), true, { token: '02' })
    assert.equal(take(uploads, 2, 'c', false, { token: '03' }), `${full('a')}${full('b')}c`)
  })

  it('begin anew with the first piece, and know no piece without the one before it', () => {
    const uploads = uploadsOf()
    assert.equal(take(uploads, 1, 'b', false), '4.08')
    take(uploads, 0, full('a'), true)
    assert.equal(take(uploads, 2, 'c', false), '4.08')
    take(uploads, 0, full('z'), true)
    assert.equal(take(uploads, 1, 'b', false), `${full('z')}b`)
  })

  it('are forgotten when nothing has come of them for long, with their memory', () => {
    const memory = new BodyMemory(40)
    const uploads = uploadsOf(1_000, memory)
    take(uploads, 0, full('a'), true)
    nowMs += 247_001
    take(uploads, 0, full('x'), true, { peer: 'q' })
    assert.equal(uploads.open, 1)
    uploads.end()
    assert.equal(uploads.open, 0)
    assert.ok(memory.take(40, 0))
  })

  it('take memory from those that wait longest, and none that there is not', () => {
    const uploads = uploadsOf(1_000, new BodyMemory(40))
    take(uploads, 0, full('a'), true, { peer: 'p' })
    take(uploads, 0, full('b'), true, { peer: 'q' })
    take(uploads, 0, full('c'), true, { peer: 'r' })
    assert.equal(take(uploads, 1, 'x', false, { peer: 'p' }), '4.08')
    assert.equal(take(uploads, 1, 'x', false, { peer: 'r' }), `${full('c')}x`)
  })

  it('are no larger than allowed', () => {
    const uploads = uploadsOf(20)
    take(uploads, 0, full('a'), true)
    assert.equal(take(uploads, 1, full('b'), true), '4.13')
    assert.equal(uploads.open, 0)
  })
})
