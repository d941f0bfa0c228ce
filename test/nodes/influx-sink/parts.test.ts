import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Reason } from '../../../core/record/record.ts'
import type { WriteRequest } from '../../../core/sink/types.ts'
import { Parts, type Witness } from '../../../nodes/influx-sink/parts.ts'
import { LineBatch, Pending } from '../../../nodes/influx-sink/pending.ts'

const reason: Reason = { code: 'POINT_REFUSED', message: 'refused' }

/** A server that stores nothing of what has a bad line, and says so in one of several ways. */
type Way = 'first' | 'each' | 'some' | 'fails' | 'unknown'

interface Outcome {
  readonly refused: number[]
  readonly stored: number
  readonly requests: number
  readonly waits: number
}

function written(lines: readonly string[], way: Way, limit = 10_000): Outcome {
  const pending = new Pending({ records: lines } as unknown as WriteRequest)
  const batch = new LineBatch()
  for (const [place, line] of lines.entries()) batch.add(line, line.length, pending, place)
  const parts = new Parts(batch, {} as Witness)
  let [requests, waits] = [0, 0]
  for (let sent = parts.next(); sent !== undefined; sent = parts.next()) {
    if (++requests > limit) throw new Error('no end')
    assert.ok(sent.length > 0)
    const bad = sent.flatMap((line, at) => (line.startsWith('bad') ? [at] : []))
    if (bad.length === 0) parts.stored()
    else if (way === 'first') parts.refuse(new Map([[bad[0]!, reason]]))
    else if (way === 'each') parts.refuse(new Map(bad.map(at => [at, reason])))
    else if (way === 'some') parts.halve(reason)
    else if (!parts.doubt(reason, way === 'fails')) waits++
  }
  assert.equal(pending.open, 0)
  const refused = [...pending.refused.keys()].sort((a, b) => a - b)
  return { refused, stored: pending.stored, requests, waits }
}

describe('a batch of which some lines cannot be stored', () => {
  const lines = (count: number, ...bad: number[]) =>
    Array.from({ length: count }, (_, n) => `${bad.includes(n) ? 'bad' : 'good'} ${n}`)

  for (const way of ['first', 'each', 'some', 'fails', 'unknown'] as const)
    it(`has only those refused, where the server says ${way}`, () => {
      fc.assert(
        fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), isBad => {
          // Of a failure a line is to blame only where another one is stored.
          const all = ['good', ...isBad.map(bad => (bad ? 'bad' : 'good'))]
          const wanted = all.flatMap((line, at) => (line === 'bad' ? [at] : []))
          const { refused, stored } = written(all, way)
          assert.deepEqual(refused, wanted)
          assert.equal(stored, all.length - wanted.length)
        })
      )
    })

  it('takes few requests for one of thousands', () => {
    assert.equal(written(lines(5_000, 3_333), 'each').requests, 4)
    assert.ok(written(lines(5_000, 3_333), 'first').requests <= 5)
    assert.ok(written(lines(5_000, 3_333), 'some').requests < 30)
  })

  it('takes no more requests than twice its lines where all are bad', () => {
    const all = Array.from({ length: 1_000 }, () => 'bad')
    for (const way of ['first', 'each', 'some'] as const) {
      const { requests, refused } = written(all, way)
      assert.equal(refused.length, 1_000)
      assert.ok(requests <= 2_000, `${way}: ${requests}`)
    }
  })

  it('waits for the server where no line is stored, and blames none', () => {
    for (const isTransient of [true, false]) {
      const pending = new Pending({ records: ['bad', 'bad'] } as unknown as WriteRequest)
      const batch = new LineBatch()
      for (const place of [0, 1]) batch.add('bad', 3, pending, place)
      const parts = new Parts(batch, { line: undefined })
      let waits = 0
      for (let tries = 0; tries < 300; tries++) {
        assert.ok(parts.next())
        if (!parts.doubt(reason, isTransient)) waits++
      }
      assert.ok(waits > 10, String(waits))
      assert.equal(pending.refused.size, 0)
    }
  })

  it('blames no line for a server that fails with the witness too', () => {
    const pending = new Pending({ records: ['a'] } as unknown as WriteRequest)
    const batch = new LineBatch()
    batch.add('a', 1, pending, 0)
    const parts = new Parts(batch, { line: 'stored before' })
    for (let tries = 0; tries < 300; tries++) {
      parts.next()
      parts.doubt(reason, true)
    }
    assert.equal(pending.refused.size, 0)
    parts.stored()
    if (parts.next()) parts.stored()
    assert.equal(pending.stored, 1)
  })
})
