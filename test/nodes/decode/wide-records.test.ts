import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Node, NodeMessage } from 'node-red'
import type { Rejection } from '../../../core/record/record.ts'
import decode from '../../../nodes/decode/runtime.ts'
import normalize from '../../../nodes/normalize/runtime.ts'
import reshape from '../../../nodes/reshape/runtime.ts'
import validate from '../../../nodes/validate/runtime.ts'
import fileSink from '../../core/sink/file-sink.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { threadMs } from '../../thread-time.ts'
import { until } from '../../until.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const TIME = '2026-03-01T08:00:00Z'
/** A record of so many fields. */
const wide = (fields: number) => ({
  device_id: 'd1',
  ts: TIME,
  ...Object.fromEntries(numbers(fields - 2).map(n => [`f${n}`, n / 8]))
})
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const withValue = (value: string) => `{"device_id":"d1","ts":"${TIME}","v":${value}}`

/** What comes, and how many records of it are stored and refused. */
const PAYLOADS: readonly (readonly [
  name: string,
  payload: () => unknown,
  stored: number,
  refused: number
])[] = [
  ['a record of 10,000 fields', () => JSON.stringify(wide(10_000)), 1, 0],
  ['one of 100,000 fields, 1 MB', () => JSON.stringify(wide(100_000)), 0, 1],
  [
    'a list of 98,000 numbers, 1 MB',
    () => withValue(`[${numbers(98_000).map(n => n * 12_345)}]`),
    1,
    0
  ],
  ['a list of 500,000 numbers, 1 MB', () => withValue(`[${numbers(500_000).map(() => 7)}]`), 0, 1],
  ['deep nests in a list', () => withValue(`[${numbers(150).map(() => nested(60))}]`), 1, 0],
  [
    'very many deep nests in a list, 1 MB',
    () => withValue(`[${numbers(3000).map(() => nested(60))}]`),
    0,
    1
  ],
  ['lists in lists', () => withValue(`[${numbers(9_000).map(() => '[[]]')}]`), 0, 1],
  ['a text of 1 MB', () => withValue(JSON.stringify('x\n'.repeat(400_000))), 1, 0],
  ['a record that no decoder has seen', () => wide(100_000), 0, 1]
]

describe('a record of very many fields on its way through a flow', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  const folder = mkdtempSync(join(tmpdir(), 'millrace-wide-'))
  const file = join(folder, 'stored.jsonl')
  let refused: Rejection[] = []

  before(async () => {
    nodeRed = await startNodeRed({ nodes: [decode, reshape, validate, normalize, fileSink] })
    nodeRed.RED.hooks.add('onSend.wide-test', sent => {
      for (const { source, msg } of sent as { source: { port: number }; msg: NodeMessage }[])
        if (source.port === 1) refused = refused.concat(msg.payload as Rejection[])
    })
    const node = (id: string, type: string, wires: string[][], more: object = {}) => ({
      id,
      z: 'tab',
      type: `millrace-${type}`,
      wires,
      ...more
    })
    const seen = { id: 'seen', z: 'tab', type: 'debug', active: false, wires: [] }
    await nodeRed.deploy([
      { id: 'tab', type: 'tab' },
      node('decode', 'decode', [['reshape'], ['seen']]),
      node('reshape', 'reshape', [['validate'], ['seen']], { mode: 'keep', keep: [] }),
      node('validate', 'validate', [['normalize'], ['seen']], { schema: '{"type":"object"}' }),
      node('normalize', 'normalize', [['sink'], ['seen']]),
      node('sink', 'file-sink', [[], ['seen']], { file }),
      seen
    ])
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.wide-test')
    await nodeRed.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const stored = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0)

  /** The longest turn of the event loop while a payload goes through the flow, in computed ms. */
  async function longestMs(payload: unknown, expected: number): Promise<number> {
    let [longest, beganMs, isOver] = [0, threadMs(), false]
    const turn = () => {
      longest = Math.max(longest, threadMs() - beganMs)
      beganMs = threadMs()
      if (!isOver) setImmediate(turn)
    }
    setImmediate(() => {
      beganMs = threadMs()
      nodeRed.node<Node>('decode').receive({ payload } as NodeMessage)
      setImmediate(turn)
    })
    const before = stored()
    await until('the end', () => stored() - before + refused.length === expected)
    isOver = true
    return longest
  }

  for (const [name, make, storedOf, refusedOf] of PAYLOADS) {
    it(`${name}: no turn takes the processor for 50 ms`, async () => {
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 4 && best >= 50; time++) {
        refused = []
        const payload = make()
        const before = stored()
        best = Math.min(best, await longestMs(payload, storedOf + refusedOf))
        assert.deepEqual([stored() - before, refused.length], [storedOf, refusedOf])
        if (refusedOf === 1) {
          assert.equal(refused[0]!.reason.code, 'RECORD_TOO_WIDE')
          if (typeof payload === 'string') assert.equal(String(refused[0]!.raw), payload)
        }
      }
      assert.ok(best < 50, `${best} ms`)
    })
  }
})
