import assert from 'node:assert/strict'
import { parseRequest } from '../../bench/command-line.ts'
import type { Result } from '../../bench/lanes/lane.ts'
import { cpuAt, usageOf } from '../../bench/process-tree.ts'
import { cellsOf, oneLine, textTable } from '../../bench/report.ts'

const result = (more: Partial<Result>): Result => ({
  lane: 'B',
  variant: '',
  contestant: 'other',
  limit: false,
  records: 1000,
  perSecond: 5000,
  cpuMicros: 30,
  peakMb: 100,
  missing: 0,
  doubled: 0,
  ...more
})

describe('the report of a run', () => {
  const millrace = result({ contestant: 'millrace', perSecond: 50_000, cpuMicros: 15 })

  it('compares every line with Millrace', () => {
    assert.equal(cellsOf(result({}), millrace).at(-1), '10x as fast, 2.00x as cheap')
    assert.equal(cellsOf(millrace, millrace).at(-1), '')
    const atOnce = result({ contestant: 'millrace', perSecond: 0, cpuMicros: 0 })
    assert.equal(cellsOf(result({}), atOnce).at(-1), '', 'so few that all came in one commit')
  })

  it('shows no figures for a result with a missing record', () => {
    const cells = cellsOf(result({ missing: 2, problem: '2 of 1,000 missing' }), millrace)
    assert.deepEqual(cells, [
      'other',
      '-',
      '-',
      '-',
      '-',
      '-',
      '-',
      '-',
      'no result: 2 of 1,000 missing (5,000/s with the rest)'
    ])
  })

  it('shows the latencies of one that falls behind', () => {
    const cells = cellsOf(
      result({ lane: 'E', p50Ms: 9000, p99Ms: 12_000, problem: 'falls behind (8 % in time)' }),
      undefined
    )
    assert.deepEqual(cells.slice(5), ['9,000', '12,000', '', 'falls behind (8 % in time)'])
  })

  it('has a table a lane and one line a result', () => {
    const table = textTable([millrace, result({}), result({ lane: 'C' })])
    assert.equal(table.split('\n\n').length, 2)
    assert.match(
      oneLine(millrace),
      /^B millrace: 50,000 records\/s, 15\.0 CPU us\/record, 100 peak MB$/
    )
  })
})

describe('the arguments of a run', () => {
  const known = ['millrace', 'limit']

  it('are lanes and contestants in any order', () => {
    const { lanes, contestants, quick } = parseRequest(['millrace', 'C', '--quick', 'A'], known)
    assert.deepEqual(
      { lanes, contestants, quick },
      { lanes: ['A', 'C'], contestants: ['millrace'], quick: true }
    )
  })

  it('mean everything where there are none', () => {
    assert.deepEqual(parseRequest([], known).lanes, ['A', 'B', 'C', 'W', 'E'])
  })

  for (const args of [['nobody'], ['--scale=0'], ['--scale=much']]) {
    it(`are refused when they are ${args.join(' ')}`, () =>
      assert.throws(() => parseRequest(args, known), /not "|neither a lane/))
  }
})

describe('what a process costs', () => {
  it('is read from the system', () => {
    const { cpuMicros, rssBytes } = usageOf(process.pid)
    assert.ok(cpuMicros > 0 && rssBytes > 10_000_000)
  })

  it('is interpolated between samples', () => {
    const samples = [
      { atMs: 100, cpuMicros: 0, rssBytes: 0 },
      { atMs: 200, cpuMicros: 50, rssBytes: 0 }
    ]
    assert.deepEqual(
      [50, 100, 150, 200, 300].map(atMs => cpuAt(samples, atMs)),
      [0, 0, 25, 50, 50]
    )
  })
})
