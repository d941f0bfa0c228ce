import assert from 'node:assert/strict'
import type { Node, NodeMessage } from 'node-red'
import { defineSink, type NodeSpec, type Reason, type Rejection } from '../../../core/palette.ts'
import { PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { threadMs } from '../../thread-time.ts'
import { until } from '../../until.ts'

const spec = {
  type: 'millrace-refusing-sink',
  label: 'refusing sink',
  summary: 'Refuses whatever comes.',
  category: 'telemetry',
  family: 'delivery',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  fields: {}
} as const satisfies NodeSpec

const REASON: Reason = { code: 'ROW_REFUSED', message: 'It is refused.' }
const RECORDS = 20_000

const refusing = defineSink(
  spec,
  () => ({
    write(request) {
      const refused = new Map(request.records.map((_record, index) => [index, REASON]))
      setImmediate(() => request.finish({ stored: 0, refused }))
    },
    close: () => undefined
  }),
  { service: 'nobody' }
)

describe('a sink that refuses very many records of one message', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let left: NodeMessage[] = []
  let completed = 0

  before(async () => {
    nodeRed = await startNodeRed({ nodes: [refusing] })
    const { hooks } = nodeRed.RED
    hooks.add('onSend.refusing-test', sent => {
      left.push(...(sent as { msg: NodeMessage }[]).map(({ msg }) => msg))
    })
    hooks.add('onComplete.refusing-test', event => {
      if ((event as { node: { id: string } }).node.id === 'sink') completed++
    })
    await nodeRed.deploy([
      { id: 'tab', type: 'tab' },
      { id: 'sink', z: 'tab', type: spec.type, wires: [[], ['seen']] },
      { id: 'seen', z: 'tab', type: 'debug', active: false, wires: [] }
    ])
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.refusing-test')
    await nodeRed.stop()
  })

  const wide = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`field ${n}`, n / 8]))
  /** Their bytes are made when somebody asks for them, as those of what came decoded. */
  const batch = {
    at: () => ({
      origin: { kind: 'flow', topic: 't' } as const,
      key: null,
      headers: {},
      raw: Buffer.from(JSON.stringify(wide))
    })
  }
  const records = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ n, [PROVENANCE]: new Provenance(batch, n) }))
  const receive = (payload: object[]) => nodeRed.node<Node>('sink').receive({ payload })

  it('gives others their turn, and lets nothing overtake it', async () => {
    let best = Number.POSITIVE_INFINITY
    for (let time = 0; time < 4 && best >= 30; time++) {
      left = []
      completed = 0
      receive(records(RECORDS))
      receive(records(3))
      const longest = longestTurnMs(() => completed === 2)
      await until('both', () => completed === 2)
      best = Math.min(best, await longest)
      assert.deepEqual(
        left.map(({ payload }) => (payload as Rejection[]).length),
        [RECORDS, 3]
      )
      const [last] = (left[0]!.payload as Rejection[]).slice(-1)
      assert.deepEqual([(last!.record as { n: number }).n, last!.reason], [RECORDS - 1, REASON])
    }
    assert.ok(best < 50, `${best} ms`)
  })

  it('lets them leave before it is closed', async () => {
    left = []
    receive(records(RECORDS))
    await nodeRed.deploy([])
    const lengths = left.map(({ payload }) => (payload as Rejection[]).length)
    assert.ok(lengths.length === 0 || lengths[0] === RECORDS, String(lengths))
  })

  /** The longest turn of the event loop until it is over, in milliseconds computed. */
  function longestTurnMs(isOver: () => boolean): Promise<number> {
    let [longest, beganMs] = [0, threadMs()]
    return new Promise(resolve => {
      const turn = () => {
        const nowMs = threadMs()
        longest = Math.max(longest, nowMs - beganMs)
        beganMs = nowMs
        if (isOver()) resolve(longest)
        else setImmediate(turn)
      }
      setImmediate(turn)
    })
  }
})
