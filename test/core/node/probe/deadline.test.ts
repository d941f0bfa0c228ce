import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { withDeadline } from '../../../../core/node/probe/deadline.ts'

describe('the deadline of a probe', () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  before(() => process.on('unhandledRejection', hear))
  after(() => process.off('unhandledRejection', hear))
  afterEach(async () => {
    await turn()
    assert.deepEqual(unheard.splice(0), [])
  })

  it('gives what the work gives, and tells it that it is over', async () => {
    let signal: AbortSignal | undefined
    const work = async (given: AbortSignal) => {
      signal = given
      assert.equal(given.aborted, false)
      return 5
    }
    assert.equal(await withDeadline(1000, work), 5)
    assert.equal(signal?.aborted, true)
  })

  it('leaves nothing behind that rejects after an error that was thrown at once', async () => {
    const broken = () => {
      throw new Error('no scheme')
    }
    await assert.rejects(withDeadline(20, broken), /no scheme/)
    // Longer than the deadline: the old promise of it rejected now.
    await new Promise(resolve => setTimeout(resolve, 60))
  })

  it('ends work that does not end, and does not mind its late error', async () => {
    const work = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('late')), { once: true })
      )
    await assert.rejects(withDeadline(20, work), /no answer within 0\.02 seconds/)
  })
})
