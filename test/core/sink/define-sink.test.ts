import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Node, NodeMessage } from 'node-red'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import { isRejection } from '../../../core/record/record.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import fileSink from './file-sink.ts'

describe('a sink that has only what is its own', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let folder = ''
  let next = 0
  let file = ''
  let left: { output: number; message: NodeMessage }[] = []
  const completed: unknown[] = []
  const failed: { code?: string }[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-sink-'))
    nodeRed = await startNodeRed({ nodes: [fileSink] })
    const { hooks } = nodeRed.RED
    hooks.add('onSend.sink-test', sent => {
      for (const { source, msg } of sent as {
        source: { id: string; port: number }
        msg: NodeMessage
      }[]) {
        if (source.id === 'sink') left.push({ output: source.port, message: msg })
      }
    })
    hooks.add('onComplete.sink-test', event => {
      const { error, node } = event as { error?: { code?: string }; node: { id: string } }
      if (node.id !== 'sink') return
      if (error) failed.push(error)
      else completed.push(event)
    })
  })
  beforeEach(() => {
    file = join(folder, `${next++}.jsonl`)
    left = []
    completed.length = 0
    failed.length = 0
    nodeRed.logs.length = 0
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.sink-test')
    await nodeRed.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function deploy(path = file, wires: string[][] = [['seen'], ['seen']]): Promise<Node> {
    await nodeRed.deploy([
      { id: 'tab', type: 'tab' },
      { id: 'sink', z: 'tab', type: 'millrace-file-sink', file: path, wires },
      { id: 'seen', z: 'tab', type: 'debug', active: false, wires: [] }
    ])
    return nodeRed.node<Node>('sink')
  }
  const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n')
  const metrics = () => nodeMetrics('sink')!

  it('stores, passes on in kind, and rejects beside it', async () => {
    const sink = await deploy()
    sink.receive({ payload: { n: 1 } })
    sink.receive({ topic: 't', payload: [{ n: 2 }, null, { n: 3 }] } as NodeMessage)
    sink.receive({ payload: [] })
    await until('all', () => completed.length === 3)
    assert.deepEqual(lines(), ['{"n":1}', '{"n":2}', '{"n":3}'])
    assert.deepEqual(
      left.filter(({ output }) => output === 0).map(({ message }) => message.payload),
      [{ n: 1 }, [{ n: 2 }, { n: 3 }], []]
    )
    const [rejected] = left.filter(({ output }) => output === 1)
    assert.equal(rejected!.message.topic, 't')
    const [letter] = rejected!.message.payload as unknown[]
    assert.ok(
      isRejection(letter) && letter.stage === 'file-sink' && letter.reason.code === 'NOT_A_RECORD'
    )
    const { in: taken, stored, rejected: refused, inFlight } = metrics()
    assert.deepEqual([taken, stored, refused, inFlight], [4, 3, 1, 0])
  })

  it('says once a minute what is lost where no wire takes it', async () => {
    const sink = await deploy(file, [[], []])
    for (let n = 0; n < 3; n++) sink.receive({ payload: [null] })
    await until('all', () => completed.length === 3)
    assert.deepEqual(
      nodeRed.logs.map(({ msg }) =>
        /^1 records were rejected, and no wire .* The payload is null/.test(String(msg))
      ),
      [true]
    )
  })

  it('waits in red while its service needs a person, and gives back what is left when it is closed', async () => {
    const sink = await deploy(join(folder, 'no', 'such', 'folder'))
    for (let n = 0; n < 3; n++) sink.receive({ payload: [{ n }, { n }] })
    await until('the status', () => metrics().status?.text === '6 waiting · file not writable')
    assert.equal(nodeRed.logs.filter(({ msg }) => /ENOENT/.test(String(msg))).length, 1)
    assert.equal(metrics().inFlight, 6)
    await nodeRed.deploy([])
    assert.deepEqual([failed.length, completed.length], [3, 0])
  })

  it('fails a message whose writing throws, and goes on', async () => {
    const sink = await deploy()
    sink.receive({ payload: [{ n: 1 }] })
    sink.receive({ payload: [{ n: 1n }] })
    sink.receive({ payload: [{ n: 2 }] })
    await until('all', () => completed.length === 2 && failed.length === 1)
    assert.deepEqual(lines(), ['{"n":1}', '{"n":2}'])
    assert.equal(metrics().inFlight, 0)
  })
})
