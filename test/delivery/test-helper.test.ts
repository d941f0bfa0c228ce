import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { Node, NodeAPI } from 'node-red'
import { trackerOf } from '../../core/delivery/tracker.ts'
import type { Settlement } from '../../core/delivery/types.ts'
import { nodeApi, type ProtocolNode, registerTestNodes } from './nodes.ts'

interface TestHelper {
  load(nodes: ((RED: NodeAPI) => void)[], flow: object[]): Promise<void>
  unload(): Promise<void>
  getNode(id: string): Node
}

const helper = createRequire(import.meta.url)('node-red-node-test-helper') as TestHelper

describe('delivery in node-red-node-test-helper', function () {
  this.timeout(20_000)
  afterEach(() => helper.unload())

  for (const fail of [false, true]) {
    it(`a sink that ${fail ? 'fails' : 'confirms'}, twice loaded`, async () => {
      for (let load = 0; load < 2; load++) {
        await helper.load(
          [registerTestNodes],
          [
            { id: 'source', type: 'test-source', wires: [['sink']] },
            { id: 'sink', type: 'test-sink', delayMs: 10, fail, wires: [] }
          ]
        )
        const tracker = trackerOf(nodeApi)
        const source = helper.getNode('source')
        const settlement = await new Promise<Settlement>(onSettled => {
          const message = { payload: 1 }
          const delivery = tracker.open(message, 'source', {
            mode: 'stored',
            records: 1,
            timeoutMs: 2000,
            onSettled
          })
          source.send(message)
          delivery.sent()
        })
        assert.equal(settlement.kind, fail ? 'retry' : 'acknowledge')
        if (load === 0) await helper.unload()
      }
    })
  }

  it('a source that is loaded with its flow', async () => {
    await helper.load(
      [registerTestNodes],
      [
        { id: 'source', type: 'test-protocol', wires: [['sink'], []] },
        { id: 'sink', type: 'test-sink', delayMs: 0, wires: [] }
      ]
    )
    const node = helper.getNode('source') as ProtocolNode
    const acknowledged = new Promise<void>(resolve => node.once('acknowledged', resolve))
    node.take('x')
    await acknowledged
    assert.equal(node.metrics.stored, 1)
  })
})
