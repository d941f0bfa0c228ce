import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type InLine, LineQueue } from '../../../../palettes/amqp/nodes/amqp-publish/line-queue.ts'

interface Numbered extends InLine {
  readonly n: number
}

describe('the queue of a line of amqp-publish', () => {
  it('keeps the order of what comes back one at a time', () => {
    const queue = new LineQueue<Numbered>()
    const sent = [1, 2, 3].map(n => ({ n }))
    for (const each of sent) queue.push(each)
    for (const _ of sent) queue.shift()
    for (const each of sent) queue.giveBack([each])
    assert.deepEqual(
      queue.takeAll().map(({ n }) => n),
      [1, 2, 3]
    )
  })

  it('keeps the order whatever comes back', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 2_000 }) }),
      fc.record({ shift: fc.integer({ min: 1, max: 2_000 }) }),
      fc.record({ one: fc.nat() }),
      fc.constant('back' as const)
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const queue = new LineQueue<Numbered>()
        let [pushed, sent] = [0, [] as Numbered[]]
        const model: Numbered[] = []
        const sort = () => model.sort((a, b) => a.n - b.n)
        for (const each of steps) {
          if (each === 'back') {
            queue.giveBack(sent)
            model.unshift(...sent)
            sort()
            sent = []
          } else if ('one' in each) {
            const back = sent.splice(sent.length > 0 ? each.one % sent.length : 0, 1)
            queue.giveBack(back)
            model.unshift(...back)
            sort()
          } else if ('push' in each)
            for (let n = 0; n < each.push; n++) {
              const item = { n: pushed++ }
              queue.push(item)
              model.push(item)
            }
          else
            for (let n = 0; n < each.shift; n++) {
              const item = queue.shift()
              assert.equal(item, model.shift())
              if (item !== undefined) sent.push(item)
            }
          assert.equal(queue.size, model.length)
        }
        assert.deepEqual(queue.takeAll(), model)
        assert.equal(queue.size, 0)
      })
    )
  })
})
