import assert from 'node:assert/strict'
import fc from 'fast-check'
import { backoffMs, pause, Restarts, retrying } from '../../core/backoff.ts'
import { until } from '../until.ts'

describe('backoff', () => {
  it('doubles, with jitter between half and all', () => {
    assert.equal(backoffMs(0, { random: () => 0 }), 100)
    assert.equal(backoffMs(0, { random: () => 1 }), 200)
    assert.equal(backoffMs(3, { random: () => 1 }), 1600)
  })

  it('never exceeds the bound, however many attempts', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const waitMs = backoffMs(attempt, { maxMs: 5000, random: () => random })
          assert.ok(waitMs >= 100 && waitMs <= 5000)
        }
      )
    )
  })
})

describe('retrying', () => {
  const backoff = { initialMs: 1, maxMs: 2 }
  /** Fails so often, then gives the number of tries before it. */
  const failing = (failures: number) => async (attempt: number) => {
    if (attempt < failures) throw new Error(`no ${attempt}`)
    return attempt
  }

  it('goes on until it works, and tells of each failure', async () => {
    const told: string[] = []
    const onRetry = (error: unknown, attempt: number) =>
      told.push(`${(error as Error).message}/${attempt}`)
    assert.equal(await retrying(failing(3), { backoff, onRetry }), 3)
    assert.deepEqual(told, ['no 0/0', 'no 1/1', 'no 2/2'])
  })

  it('throws at once what is final', async () => {
    const isFinal = (error: unknown) => (error as Error).message === 'no 1'
    await assert.rejects(retrying(failing(5), { backoff, isFinal }), { message: 'no 1' })
  })

  it('ends with the last error when the signal aborts, however long the pause is', async () => {
    const closing = new AbortController()
    const tried = retrying(failing(5), {
      backoff: { initialMs: 600_000, maxMs: 600_000 },
      signal: closing.signal,
      onRetry: () => closing.abort()
    })
    await assert.rejects(tried, { message: 'no 0' })
  })

  it('any number of pauses ends with one signal, and leaves nothing behind', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const closing = new AbortController()
    const pauses = Array.from({ length: 50 }, () => pause(600_000, closing))
    closing.abort()
    await Promise.all(pauses)
    await pause(600_000, closing)
    process.off('warning', note)
    assert.deepEqual(warnings, [])
  })
})

describe('restarts', () => {
  it('come one after the other, count until it works, and end', async () => {
    let started = 0
    const restarts = new Restarts(() => started++, { initialMs: 1, maxMs: 2 })
    restarts.later()
    restarts.later()
    await until('the start', () => started === 1, 1_000, 1)
    assert.equal(restarts.inARow, 2)
    restarts.works()
    assert.equal(restarts.inARow, 0)
    restarts.later()
    restarts.end()
    await pause(10)
    assert.equal(started, 1)
  })
})
