import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InOrderQueue } from '../../../core/source/in-order-queue.ts'

interface Entry {
  done: boolean
  release(): void
}

describe('in-order queue', () => {
  const lineOf = (count: number) => {
    const out: number[] = []
    const line = new InOrderQueue<Entry>()
    const entries = Array.from({ length: count }, (_, index) => ({
      done: false,
      release: () => void out.push(index)
    }))
    for (const entry of entries) line.add(entry)
    return { line, entries, out }
  }

  it('holds back what is done behind what is not', () => {
    const { line, entries, out } = lineOf(4)
    assert.equal(line.finish(entries[1]!), 0)
    assert.equal(line.finish(entries[3]!), 0)
    assert.deepEqual(out, [])
    assert.equal(line.finish(entries[0]!), 2)
    assert.deepEqual(out, [0, 1])
    assert.equal(line.size, 2)
    assert.equal(line.finish(entries[2]!), 2)
    assert.deepEqual(out, [0, 1, 2, 3])
  })

  it('releases nothing of a line that was cleared', () => {
    const { line, entries, out } = lineOf(3)
    line.finish(entries[1]!)
    assert.deepEqual(line.clear(), entries)
    assert.equal(line.finish(entries[0]!), 0)
    assert.deepEqual(out, [])
    assert.equal(line.size, 0)
  })

  it('takes new entries while one is being released', () => {
    const line = new InOrderQueue<Entry>()
    const out: string[] = []
    const late: Entry = { done: true, release: () => void out.push('late') }
    const first: Entry = {
      done: false,
      release: () => {
        out.push('first')
        line.add(late)
      }
    }
    line.add(first)
    line.finish(first)
    assert.deepEqual(out, ['first', 'late'])
  })

  it('lets all out once, in order, however they finish', () => {
    const order = fc
      .integer({ min: 1, max: 200 })
      .chain(count =>
        fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count })
      )
    fc.assert(
      fc.property(order, finished => {
        const { line, entries, out } = lineOf(finished.length)
        for (const index of finished) {
          line.finish(entries[index]!)
          const firstOpen = entries.findIndex(entry => !entry.done)
          assert.equal(out.length, firstOpen < 0 ? entries.length : firstOpen)
          assert.equal(line.size, entries.length - out.length)
        }
        assert.deepEqual(out, [...entries.keys()])
      })
    )
  })
})
