import assert from 'node:assert/strict'
import { progressLine, totalsOf } from '../../../stack/node-red/totals.ts'

const node = (
  type: string,
  counts: Record<string, number>,
  gauges: Record<string, number> = {}
) => ({
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
    assert.deepEqual(totalsOf({ nodes }), {
      in: 100,
      stored: 89,
      rejected: 5,
      lag: 7,
      codes: [],
      newDevices: 0
    })
  })

  it('take the lag from the monitor where there is one', () => {
    assert.equal(totalsOf({ nodes: [...nodes, node('lag-monitor', {}, { lag: 9 })] }).lag, 9)
  })

  it('know no lag before it is measured', () => {
    assert.deepEqual(totalsOf({ nodes: [] }), {
      in: 0,
      stored: 0,
      rejected: 0,
      lag: undefined,
      codes: [],
      newDevices: 0
    })
  })

  it('name what was rejected by the codes, those of most first', () => {
    const codes = (refused: Record<string, number>) => ({ ...node('validate', {}), refused })
    const totals = totalsOf({
      nodes: [
        codes({ JSON_INVALID: 3, TS_PAST: 1 }),
        codes({ UNKNOWN_DEVICE: 10 }),
        codes({ TS_PAST: 1, TS_FUTURE: 1 })
      ]
    })
    const expected: [string, number][] = [
      ['UNKNOWN_DEVICE', 10],
      ['JSON_INVALID', 3],
      ['TS_PAST', 2],
      ['TS_FUTURE', 1]
    ]
    assert.deepEqual(totals.codes, expected)
    const line = (rejected: number, codes: [string, number][]) =>
      progressLine({ ...totals, rejected, codes }, totals, 5)
    assert.match(
      line(14, expected.slice(0, 2)),
      /rejected 14: UNKNOWN_DEVICE, 3 JSON_INVALID {3}lag/
    )
    assert.match(
      line(16, expected),
      /rejected 16: UNKNOWN_DEVICE, 3 JSON_INVALID, 2 TS_PAST, … {3}lag/
    )
    assert.match(line(0, expected), /rejected 0 {3}lag/)
  })

  it('are a line', () => {
    const now = { in: 12_345, stored: 12_000, rejected: 45, lag: 300 }
    assert.equal(
      progressLine(now, { ...now, in: 12_095 }, 5),
      'in 12,345 (50/s)   stored 12,000   rejected 45   lag 300'
    )
    assert.match(progressLine({ ...now, newDevices: 2 }, now, 5), /lag 300 {3}new devices 2$/)
    assert.equal(
      progressLine({ ...now, lag: undefined }, now, 5),
      'in 12,345 (0/s)   stored 12,000   rejected 45   lag -'
    )
  })
})
