import assert from 'node:assert/strict'
import { defineNode } from '../../../../core/node/define-node.ts'
import { samplesOf } from '../../../../core/node/samples/samples.ts'
import { read } from '../../../../core/node/samples/written.ts'
import type { NodeSpec } from '../../../../core/node/spec.ts'
import enrich from '../../../../nodes/enrich/runtime.ts'
import validate from '../../../../nodes/validate/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'

const GOOD = { device_id: 'd1', metric: 'temperature_c', value: 1, ts: 1 }

const spec = {
  type: 'millrace-test-source',
  label: 'test source',
  summary: 'Sends when it starts.',
  category: 'telemetry',
  family: 'observe',
  inputs: 0,
  outputs: ['first', 'second'],
  fields: {}
} as const satisfies NodeSpec

const source = defineNode(spec, ({ node, send }) => {
  send([null, { topic: 'a', payload: { n: 1 } }])
  node.send({ topic: 'b', payload: { n: 2 } } as never)
  return {}
})

describe('what nodes keep of the messages they see', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  before(async () => {
    red = await startNodeRed({ nodes: [enrich, source, validate] })
  })
  after(() => red?.stop())

  const payloads = (id: string) => samplesOf(id).map(({ payload }) => read(payload))
  const give = (id: string, payload: unknown) =>
    red.node<{ receive(message: object): void }>(id).receive({ payload })
  const tab = { id: 'tab', type: 'tab', label: 'samples' }

  it('is what came in, also where the node changes the record itself', async () => {
    const add = {
      id: 'add',
      type: 'millrace-enrich',
      z: 'tab',
      source: 'inline',
      unknown: 'default',
      defaults: [{ field: 'place', value: 'here' }],
      wires: [[], []]
    }
    await red.deploy([tab, add])
    const record = { ...GOOD }
    give('add', record)
    await until('the node changed it', async () => (record as { place?: string }).place === 'here')
    assert.deepEqual(payloads('add'), [GOOD])
  })

  it('is what went out, where the node is a source', async () => {
    await red.deploy([tab, { id: 'from', type: spec.type, z: 'tab', wires: [[], []] }])
    assert.deepEqual(
      samplesOf('from').map(({ topic, payload }) => [topic, payload]),
      [
        ['b', { n: 2 }],
        ['a', { n: 1 }]
      ]
    )
  })

  it('goes on over a redeploy, is there with wrong settings, and is forgotten with the node', async () => {
    const check = { id: 'check', type: 'millrace-validate', z: 'tab', wires: [[], []] }
    await red.deploy([tab, check])
    give('check', GOOD)
    await until('one', async () => payloads('check').length === 1)
    await red.deploy([tab, { ...check, schema: '{"type": 5}' }])
    give('check', { other: 1 })
    await until('two', async () => payloads('check').length === 2)
    await red.deploy([tab, { ...check, type: 'millrace-enrich', source: 'inline' }])
    assert.deepEqual(payloads('check'), [])
    give('check', GOOD)
    await until('one', async () => payloads('check').length === 1)
    await red.deploy([tab])
    assert.deepEqual(payloads('check'), [])
  })
})
