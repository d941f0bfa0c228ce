import assert from 'node:assert/strict'
import { costRatio, median } from '../../bench/regression/compare.ts'
import { accepted, measure, regressions, TOLERANCE } from '../../bench/regression/guard.ts'
import { baseline, subjects } from '../../bench/regression/subjects.ts'

/**
 * What is measured too high once, because the machine did something else, is not so three times.
 */
const ATTEMPTS = 3

describe('the cost of the hot path', () => {
  it(`has not grown to ${TOLERANCE} times what was accepted`, async function () {
    this.timeout(120_000)
    let least: Record<string, number> = {}
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const costs = await measure()
      least = Object.fromEntries(
        Object.entries(costs).map(([name, cost]) => [name, Math.min(cost, least[name] ?? cost)])
      )
      if (regressions(least).length === 0) return
    }
    assert.deepEqual(regressions(least), [])
  })

  it('would be noticed', async function () {
    this.timeout(30_000)
    const [subject] = await subjects()
    const twice = () => [subject!.work(), subject!.work()]
    const costs = { [subject!.name]: costRatio(twice, baseline.work) }
    const found = regressions(costs, { [subject!.name]: costRatio(subject!.work, baseline.work) })
    assert.equal(found.length, 1, JSON.stringify(costs))
  })

  it('is accepted for every piece of work', async () => {
    const missing = (await subjects()).filter(({ name }) => accepted()[name] === undefined)
    assert.deepEqual(missing, [])
  })
})

describe('the median of ratios', () => {
  for (const [values, expected] of [
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 2, 100], 3]
  ] as const) {
    it(`of ${values.join(', ')} is ${expected}`, () => assert.equal(median(values), expected))
  }
})
