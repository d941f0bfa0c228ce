import assert from 'node:assert/strict'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'
import type { FlowCase } from './flow-case.ts'
import { FLOWS } from './flows.ts'
import { registerTestNodes } from './nodes.ts'
import { type FlowResult, runFlows } from './run-flows.ts'

const HOOKS = [
  'onSend',
  'preRoute',
  'preDeliver',
  'postDeliver',
  'onReceive',
  'postReceive',
  'onComplete'
] as const
type Hook = (typeof HOOKS)[number]

/** What the hooks of others may do. */
const BEHAVIOURS: Record<string, () => unknown> = {
  waits: () => new Promise<void>(resolve => setTimeout(resolve, 30)),
  'waits longer than any grace': () => new Promise<void>(resolve => setTimeout(resolve, 900)),
  throws: () => {
    throw new Error('a foreign hook')
  },
  rejects: () => Promise.reject(new Error('a foreign hook')),
  halts: () => false
}

const NAMES = [
  'function returns a new message',
  'fan-out to two sinks, one slow',
  'join three, then a slow path',
  'link',
  'throws, caught'
]

/** The flow with nodes that say which foreign hook is to act on them. */
const under = (flow: FlowCase, hook: Hook, behaviour: string): FlowCase => ({
  ...flow,
  name: `${hook} ${behaviour}: ${flow.name}`,
  nodes: flow.nodes.map((node): FlowEntry => ({ ...node, name: `${hook} ${behaviour}` }))
})

const CASES = HOOKS.flatMap(hook =>
  Object.keys(BEHAVIOURS).flatMap(behaviour =>
    NAMES.map(name => under(FLOWS.find(flow => flow.name === name)!, hook, behaviour))
  )
)

/** Whatever kind of event it is: the name of the node that it is about. */
function nodeName(event: unknown): string | undefined {
  const { source, destination, node } = (Array.isArray(event) ? event[0] : event) ?? {}
  return (source ?? destination ?? node)?.node?.name
}

describe('delivery among hooks of others', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let results: FlowResult[]
  const acted = new Set<string>()
  before(async () => {
    nodeRed = await startNodeRed({ nodes: [registerTestNodes] })
    for (const hook of HOOKS) {
      nodeRed.RED.hooks.add(`${hook}.foreign`, (event: unknown) => {
        const name = nodeName(event)
        if (!name?.startsWith(hook)) return undefined
        acted.add(name)
        return BEHAVIOURS[name.slice(hook.length + 1)]!()
      })
    }
    results = await runFlows(nodeRed, CASES)
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.foreign')
    await nodeRed.stop()
  })

  for (const hook of HOOKS) {
    for (const behaviour of Object.keys(BEHAVIOURS)) {
      it(`${hook} ${behaviour}`, () => {
        const mine = results.filter(result => result.name.startsWith(`${hook} ${behaviour}:`))
        assert.equal(mine.length, 2 * NAMES.length)
        assert.ok(acted.has(`${hook} ${behaviour}`))
        for (const { name, mode, messages } of mine) {
          for (const { fate, settlement } of messages) {
            assert.ok(
              fate !== 'early' && fate !== 'filtered',
              `${name}, ${mode}: ${fate} ${JSON.stringify(settlement)}`
            )
            if (behaviour === 'waits')
              assert.equal(fate, 'stored', `${name}, ${mode}: a hook that only waits does no harm`)
          }
        }
      })
    }
  }
})
