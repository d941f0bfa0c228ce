// Mostly waits.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Node, NodeAPI, NodeDef } from 'node-red'
import { report } from '../../../core/node/metrics.ts'
import type { Rejection } from '../../../core/record/record.ts'
import decode from '../../../nodes/decode/runtime.ts'
import schemaRegistry from '../../../nodes/schema-registry/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'R',
  fields: [{ name: 'n', type: 'long' }]
})
/** Beyond what a double holds: 2^53 + 1 as a zigzag varint. */
const BEYOND = Buffer.from('8280808080808020', 'hex')

/** What the registry says is no matter here, only when it says it. */
describe('decode by a schema registry', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let isAway = true
  const got: { good: unknown[]; bad: unknown[] } = { good: [], bad: [] }
  const server = createServer(({ url }, response) => {
    if (isAway) return response.destroy()
    const [status, body] =
      url === '/schemas/ids/7' ? [200, { schema: SCHEMA }] : [404, { error_code: 40_403 }]
    return response.writeHead(status as number).end(JSON.stringify(body))
  })

  before(async () => {
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const collect = (RED: NodeAPI): void => {
      function construct(this: Node, config: NodeDef): void {
        RED.nodes.createNode(this, config)
        this.on('input', ({ payload }, _send, done) => {
          got[this.id as 'good' | 'bad'].push(payload)
          done()
        })
      }
      RED.nodes.registerType('collect', construct)
    }
    nodeRed = await startNodeRed({ nodes: [decode, schemaRegistry, collect] })
    const { port } = server.address() as AddressInfo
    await nodeRed.deploy([
      { id: 'tab', type: 'tab' },
      { id: 'registry', type: 'millrace-schema-registry', url: `http://127.0.0.1:${port}` },
      {
        id: 'decode',
        z: 'tab',
        type: 'millrace-decode',
        format: 'registered',
        registry: 'registry',
        exact: true,
        wires: [['good'], ['bad']]
      },
      { id: 'good', z: 'tab', type: 'collect' },
      { id: 'bad', z: 'tab', type: 'collect' }
    ])
  })
  after(async () => {
    await nodeRed.stop()
    server.closeAllConnections()
    server.close()
  })

  it('lets payloads wait in their order until the registry has said what they are', async () => {
    const node = nodeRed.node<Node>('decode')
    const withId = (id: number, rest: Buffer) => Buffer.concat([Buffer.of(0, 0, 0, 0, id), rest])
    for (const payload of [withId(7, BEYOND), withId(8, BEYOND), withId(7, Buffer.of(4))])
      node.receive({ payload } as never)
    await until('the status', () => {
      const { status } = report().nodes.find(({ id }) => id === 'decode')!
      return status?.text.includes('registry away') === true
    })
    assert.deepEqual(got, { good: [], bad: [] })
    isAway = false
    await until('the records', () => got.good.length === 2 && got.bad.length === 1)
    assert.deepEqual(
      got.good.map(each => ({ n: (each as { n: unknown }).n })),
      [{ n: 9_007_199_254_740_993n }, { n: 2 }]
    )
    assert.equal(got.bad.map(each => (each as Rejection).reason.code).join(), 'SCHEMA_ID_UNKNOWN')
  })
})
