import assert from 'node:assert/strict'
import type { Node, NodeMessage } from 'node-red'
import { report } from '../../../core/node/metrics.ts'
import decode from '../../../nodes/decode/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

describe('a decode node whose schema is wrong', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  const failed: Error[] = []

  before(async () => {
    nodeRed = await startNodeRed({ nodes: [decode] })
    nodeRed.RED.hooks.add('onComplete.schema-test', event => {
      const { error } = event as { error?: Error }
      if (error) failed.push(error)
    })
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.schema-test')
    await nodeRed.stop()
  })

  const schemas = {
    protobuf: 'syntax = "proto3";\nmessage Reading {\n  double value = oops;\n}\n',
    avro: '{"type":"record","name":"R","fields":[\n\n{"name":"a","type":"strin"}]}'
  }
  for (const [format, schema] of Object.entries(schemas)) {
    it(`${format}: is told at deploy, with its line, in red, and takes no message`, async () => {
      failed.length = 0
      nodeRed.logs.length = 0
      const more = { id: format, z: 'tab', type: 'millrace-decode', format, schema }
      await nodeRed.deploy([
        { id: 'tab', type: 'tab' },
        { ...more, wires: [[], []] }
      ])
      await until('the error', () => nodeRed.logs.some(({ msg }) => /line 3/.test(String(msg))))
      const status = () => report().nodes.find(({ id }) => id === format)?.status
      await until('the status', () => status()?.healthy === false)
      assert.match(status()!.text, /line 3/)
      nodeRed.node<Node>(format).receive({ payload: Buffer.from('a') } as NodeMessage)
      await until('its failure', () => failed.length === 1)
      assert.match(failed[0]!.message, /line 3/)
    })
  }
})
