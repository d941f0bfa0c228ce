import assert from 'node:assert/strict'
import type { GroupLag } from '../../../core/kafka/admin/lag.ts'
import { alertText, Threshold, Trend } from '../../../nodes/lag-monitor/logic.ts'

const lagOf = (committed: number, end: number): GroupLag => ({
  group: 'g',
  kind: 'classic',
  state: 'Stable',
  members: 1,
  partitions: [{ topic: 't', partition: 0, committed, end, lag: end - committed }],
  total: end - committed
})

describe('lag-monitor: rates', () => {
  it('knows none at the first look', () => {
    const { consumedPerSecond, timeToDrainSeconds } = new Trend().of(lagOf(0, 100), 0)
    assert.deepEqual([consumedPerSecond, timeToDrainSeconds], [null, null])
  })

  const cases: [string, GroupLag, [consumed: number, produced: number, drain: number | null]][] = [
    ['falling behind', lagOf(10, 500), [1, 40, null]],
    ['level', lagOf(100, 200), [10, 10, null]],
    ['catching up', lagOf(150, 200), [15, 10, 10]],
    ['no lag', lagOf(100, 100), [10, 0, 0]]
  ]
  for (const [name, second, [consumed, produced, drain]] of cases) {
    it(name, () => {
      const trend = new Trend()
      trend.of(lagOf(0, 100), 0)
      const report = trend.of(second, 10_000)
      assert.deepEqual(
        [report.consumedPerSecond, report.producedPerSecond, report.timeToDrainSeconds],
        [consumed, produced, drain]
      )
    })
  }

  it('starts anew when a topic was made again', () => {
    const trend = new Trend()
    trend.of(lagOf(900, 1000), 0)
    assert.equal(trend.of(lagOf(0, 10), 1000).producedPerSecond, null)
  })
})

describe('lag-monitor: threshold', () => {
  it('tells once when it is passed, and once when the lag is below half of it', () => {
    const threshold = new Threshold(100)
    const changes = [50, 100, 101, 500, 99, 51, 50, 10, 101].map(lag =>
      threshold.change(lagOf(0, lag))
    )
    assert.deepEqual(changes, [
      undefined,
      undefined,
      'behind',
      undefined,
      undefined,
      undefined,
      'recovered',
      undefined,
      'behind'
    ])
    assert.equal(threshold.behind, 1)
  })

  it('says it in a sentence', () => {
    const report = {
      ...lagOf(0, 500),
      consumedPerSecond: 60,
      producedPerSecond: 10,
      timeToDrainSeconds: 9.2
    }
    assert.equal(
      alertText(report, 'behind'),
      'The group g is 500 records behind, caught up in about 10 s.'
    )
    assert.equal(
      alertText({ ...report, timeToDrainSeconds: null }, 'behind'),
      'The group g is 500 records behind, and not catching up.'
    )
  })
})
