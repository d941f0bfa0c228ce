import assert from 'node:assert/strict'
import { inSlices } from '../../../core/record/in-slices.ts'

const records = Array.from({ length: 100 }, (_, index) => index)

describe('core/record/in-slices', () => {
  it('is done on return where it does not take long', () => {
    const taken: unknown[] = []
    assert.equal(
      inSlices(records, record => taken.push(record) < 0),
      undefined
    )
    assert.deepEqual(taken, records)
  })

  it('gives others their turn, and takes each record once, in order', async () => {
    const taken: unknown[] = []
    const turns: number[] = []
    let others: NodeJS.Immediate
    const turn = () => {
      turns.push(taken.length)
      others = setImmediate(turn)
    }
    turn()
    // no time at all: each record that is dear is the last of its slice
    const rest = inSlices(records, record => taken.push(record) > 0, -1)
    assert.equal(taken.length, 1)
    await rest
    clearImmediate(others!)
    assert.deepEqual(taken, records)
    assert.ok(turns.length > 50, `${turns.length} turns`)
  })

  it('looks at the clock now and then where no record is dear', () => {
    let taken = 0
    void inSlices(records, () => ++taken < 0, -1)
    assert.ok(taken < records.length)
  })

  it('hands on what is thrown', async () => {
    const fail = () => {
      throw new Error('no')
    }
    assert.throws(() => inSlices(records, fail), /no/)
    await assert.rejects(inSlices(records, record => (record === 5 ? fail() : true), -1)!, /no/)
  })
})
