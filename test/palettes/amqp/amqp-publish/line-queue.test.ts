import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LineQueue } from '../../../../palettes/amqp/nodes/amqp-publish/line-queue.ts'

describe('the queue of a line of amqp-publish', () => {
  it('keeps the order whatever comes back', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 2_000 }) }),
      fc.record({ shift: fc.integer({ min: 1, max: 2_000 }) }),
      fc.constant('back' as const)
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const queue = new LineQueue<number>()
        let [pushed, sent] = [0, [] as number[]]
        const model: number[] = []
        for (const each of steps) {
          if (each === 'back') {
            queue.giveBack(sent)
            model.unshift(...sent)
            sent = []
          } else if ('push' in each)
            for (let n = 0; n < each.push; n++) {
              queue.push(pushed)
              model.push(pushed++)
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
