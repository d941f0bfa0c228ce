import assert from 'node:assert/strict'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'
import type { FlowCase } from './flow-case.ts'
import { FLOWS } from './flows.ts'
import { registerTestNodes } from './nodes.ts'
import { type FlowResult, type Mode, runFlows } from './run-flows.ts'

describe('delivery through small flows', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let results: FlowResult[]
  before(async () => {
    nodeRed = await startNodeRed({ nodes: [registerTestNodes] })
    results = await runFlows(nodeRed, FLOWS)
  })
  after(() => nodeRed.stop())

  for (const flow of FLOWS) {
    it(flow.name, () => {
      for (const mode of ['stored', 'finished'] as const) {
        const { messages } = results.find(
          result => result.name === flow.name && result.mode === mode
        )!
        assert.equal(messages.length, flow.count)
        messages.forEach(({ fate, visited, settlement }, index) => {
          const allowed = allowedIn(flow, mode, index, visited)
          const told = JSON.stringify(settlement)
          assert.ok(
            allowed.includes(fate),
            `${mode}, message ${index}: ${fate} where ${allowed.join(' or ')} was expected; ${visited} visits, ${told}`
          )
          if (settlement.kind === 'acknowledge') {
            const { stored, rejected, duplicates, filtered } = settlement
            assert.equal(
              stored + rejected + duplicates + filtered,
              1,
              `${mode}: the counts add up to one record: ${told}`
            )
          }
        })
      }
    })
  }

  it('leaves nothing behind', () => {
    assert.deepEqual(
      nodeRed.logs.filter(entry => String(entry.msg).includes('Millrace')).map(entry => entry.msg),
      []
    )
  })
})

function allowedIn(flow: FlowCase, mode: Mode, index: number, visited: number) {
  const expected = flow[mode]
  return typeof expected === 'function' ? expected(index, visited) : expected
}
