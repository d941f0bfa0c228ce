import assert from 'node:assert/strict'
import { BodyMemory, Share } from '../../../core/upload/body-memory.ts'

describe('memory for what senders upload', () => {
  it('has room for one body of any size, piece by piece, and then for no other', () => {
    const memory = new BodyMemory(100)
    const [large, other] = [new Share(memory), new Share(memory)]
    for (let piece = 0; piece < 5; piece++) assert.ok(large.take(60))
    assert.ok(!other.take(1))
    large.give()
    assert.ok(other.take(1))
    assert.ok(!large.take(100))
  })

  it('counts what a body has become, once', () => {
    const memory = new BodyMemory(100)
    const [one, other] = [new Share(memory), new Share(memory)]
    assert.ok(one.take(10))
    assert.ok(one.grow(80))
    assert.ok(one.grow(5))
    assert.ok(other.take(20))
    assert.ok(!other.grow(21))
    one.give()
    one.give()
    assert.ok(other.grow(100))
  })
})
