import assert from 'node:assert/strict'
import { progressLine, totalsOf } from '../../../stack/node-red/totals.ts'

const node = (type: string, counts: Record<string, number>, gauges: Record<string, number> = {}) => ({
  type: `millrace-${type}`,
  counts,
  gauges
})

describe('totals of the pipeline', () => {
  const nodes = [
    node('mqtt-ingest', { in: 100, stored: 98, rejected: 2 }),
    node('kafka-producer', { in: 98, stored: 98 }),
    node('kafka-consumer', { in: 98, stored: 90, rejected: 3 }, { lag: 5 }),
    node('validate', { in: 98, rejected: 3 }),
    node('kafka-consumer', { in: 90, stored: 90, rejected: 0 }, { lag: 2 }),
    node('timescale-sink', { in: 90, stored: 89 })
  ]

  it('count a record once, though each stage reports it', () => {
    assert.deepEqual(totalsOf({ nodes }), { in: 100, stored: 89, rejected: 5, lag: 7 })
  })

  it('take the lag from the monitor where there is one', () => {
    assert.equal(totalsOf({ nodes: [...nodes, node('lag-monitor', {}, { lag: 9 })] }).lag, 9)
  })

  it('know no lag before it is measured', () => {
    assert.deepEqual(totalsOf({ nodes: [] }), { in: 0, stored: 0, rejected: 0, lag: undefined })
  })

  it('are a line', () => {
    const now = { in: 12_345, stored: 12_000, rejected: 45, lag: 300 }
    assert.equal(progressLine(now, { ...now, in: 12_095 }, 5), 'in 12,345 (50/s)   stored 12,000   rejected 45   lag 300')
    assert.equal(progressLine({ ...now, lag: undefined }, now, 5), 'in 12,345 (0/s)   stored 12,000   rejected 45   lag -')
  })
})
