import assert from 'node:assert/strict'
import type { Node, NodeAPI } from 'node-red'
import { companions, mainPalette } from '../../build/palettes.ts'
import { readRooms } from '../../build/rooms.ts'
import { build } from '../../build.ts'
import type { Example, NodeSpec } from '../../core/node/spec.ts'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'

const folders = [await mainPalette(), ...(await companions())].map(({ folder }) => folder)
const rooms = (await Promise.all(folders.map(readRooms))).flatMap(each => each.rooms)

/** What left the node under test, by output, and the end of its work. */
class Run {
  readonly outputs = new Map<number, unknown>()
  end: (error?: Error) => void = () => undefined
  readonly ended = new Promise<void>((resolve, refuse) => {
    this.end = error => (error ? refuse(error) : resolve())
  })
}
let run = new Run()

/** Takes what an output sends; what Complete or Catch send ends the example. */
function collector(RED: NodeAPI): void {
  RED.nodes.registerType('test-collector', function (this: Node, config) {
    RED.nodes.createNode(this, config)
    const { output } = config as unknown as { output: number | 'done' | 'failed' }
    this.on('input', (message, _send, done) => {
      if (output === 'done') run.end()
      else if (output === 'failed')
        run.end(new Error(String((message as { error?: { message?: string } }).error?.message)))
      else run.outputs.set(output, message.payload)
      done()
    })
  })
}

/** Each example has a node of its own: one that remembers would know those before. */
function flowOf(spec: NodeSpec, example: Example, id: string) {
  const collectors = example.then.map((_expected, output) => ({
    id: `out${output}`,
    type: 'test-collector',
    z: 'tab',
    output,
    wires: []
  }))
  const defaults = Object.fromEntries(
    Object.entries(spec.fields).map(([name, field]) => [name, field.default])
  )
  return [
    { id: 'tab', type: 'tab', label: 'example' },
    {
      id,
      type: spec.type,
      z: 'tab',
      ...structuredClone(defaults),
      ...example.options,
      wires: collectors.map(each => [each.id])
    },
    ...collectors,
    { id: 'complete', type: 'complete', z: 'tab', scope: [id], wires: [['done']] },
    { id: 'catch', type: 'catch', z: 'tab', scope: [id], wires: [['failed']] },
    { id: 'done', type: 'test-collector', z: 'tab', output: 'done', wires: [] },
    { id: 'failed', type: 'test-collector', z: 'tab', output: 'failed', wires: [] }
  ]
}

/**
 * As a flow or a debug node shows it: what only machines see, such as where a record came from, is
 * left out.
 */
const plain = (value: unknown): unknown =>
  value === undefined ? null : JSON.parse(JSON.stringify(value))

describe('the examples of the specs, run in Node-RED', () => {
  let nodeRed: RunningNodeRed

  before(async function () {
    this.timeout(60_000)
    for (const root of folders) await build({ root })
    nodeRed = await startNodeRed({ palette: true, companions: true, nodes: [collector] })
  })
  after(() => nodeRed?.stop())

  for (const { spec } of rooms) {
    for (const [index, example] of ((spec as NodeSpec).examples ?? []).entries()) {
      it(`${spec.label}: ${example.name}`, async () => {
        const id = `${spec.label}-${index}`.replaceAll(' ', '-')
        await nodeRed.deploy(flowOf(spec, example, id))
        run = new Run()
        const message = {
          payload: structuredClone(example.given),
          ...(example.topic === undefined ? {} : { topic: example.topic })
        }
        nodeRed.node<{ receive(message: object): void }>(id).receive(message)
        await run.ended
        const found = example.then.map((_expected, output) => plain(run.outputs.get(output)))
        assert.deepEqual(found, example.then.map(plain))
      })
    }
  }
})
