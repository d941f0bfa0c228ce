/**
 * Runs flow cases in a Node-RED, all at once in tabs of their own, and tells what became of each
 * message.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Node } from 'node-red'
import { trackerOf } from '../../core/delivery/tracker.ts'
import type { Settlement } from '../../core/delivery/types.ts'
import type { FlowEntry, RunningNodeRed } from '../node-red.ts'
import { type Fate, type FlowCase, mark } from './flow-case.ts'
import { failures, nodeApi, visits } from './nodes.ts'

export type Mode = 'stored' | 'finished'

export interface FlowResult {
  readonly name: string
  readonly mode: Mode
  /**
   * By message: how it ended, how often a sink had finished something of it, and what the
   * settlement said.
   */
  readonly messages: readonly {
    readonly fate: Fate
    readonly visited: number
    readonly settlement: Settlement
  }[]
}

/** Long enough for every flow that finishes at all, on a busy machine. */
const DELIVERY_TIMEOUT_MS = 3000
/** What may still come after an early acknowledgement. */
const AFTERWARDS_MS = 600

export async function runFlows(
  nodeRed: RunningNodeRed,
  cases: readonly FlowCase[]
): Promise<FlowResult[]> {
  visits.length = 0
  failures.length = 0
  const echo = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => setTimeout(() => response.end(Buffer.concat(parts)), 50))
  })
  await new Promise<void>(listening => echo.listen(0, '127.0.0.1', listening))
  const echoUrl = `http://127.0.0.1:${(echo.address() as AddressInfo).port}/`
  const runs = cases.flatMap((flow, index) =>
    (['stored', 'finished'] as const).map(mode => ({ flow, mode, prefix: `${mode}${index}-` }))
  )
  await nodeRed.deploy(runs.flatMap(({ flow, prefix }) => deployable(flow, prefix, echoUrl)))
  try {
    return await Promise.all(
      runs.map(({ flow, mode, prefix }) => runFlow(nodeRed, flow, mode, prefix))
    )
  } finally {
    echo.closeAllConnections()
    echo.close()
  }
}

const REFERENCES = ['id', 'z', 'wires', 'links', 'scope', 'in', 'out']

/** The nodes of a flow under ids of their own, on a tab of their own. */
function deployable(flow: FlowCase, prefix: string, echoUrl: string): FlowEntry[] {
  const ids = new Set(['tab', ...flow.nodes.map(node => node.id)])
  const renamed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(renamed)
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
          key,
          typeof inner === 'object' || key === 'id' ? renamed(inner) : inner
        ])
      )
    }
    return typeof value === 'string' && ids.has(value) ? prefix + value : value
  }
  const nodes = flow.nodes.map(node =>
    Object.fromEntries(
      Object.entries(node).map(([key, value]) => {
        if (REFERENCES.includes(key)) return [key, renamed(value)]
        if (key === 'type') return [key, String(value).replace(/^subflow:/, `subflow:${prefix}`)]
        return [key, value === '{{ECHO_URL}}' ? echoUrl : value]
      })
    )
  )
  return [{ id: `${prefix}tab`, type: 'tab', label: flow.name }, ...(nodes as FlowEntry[])]
}

async function runFlow(
  nodeRed: RunningNodeRed,
  flow: FlowCase,
  mode: Mode,
  prefix: string
): Promise<FlowResult> {
  const source = nodeRed.node<Node>(`${prefix}source`)
  const tracker = trackerOf(nodeApi)
  const settled: Promise<{ settlement: Settlement; atMs: number }>[] = []
  for (let index = 0; index < flow.count; index++) {
    const message: Record<string, unknown> = { payload: flow.payload(index) }
    flow.change?.(message, index)
    settled.push(
      new Promise(resolve => {
        const onSettled = (settlement: Settlement) =>
          resolve({ settlement, atMs: performance.now() })
        const delivery = tracker.open(message, source.id, {
          mode,
          records: 1,
          timeoutMs: DELIVERY_TIMEOUT_MS,
          onSettled
        })
        source.send(message)
        delivery.sent()
      })
    )
    if (flow.gapMs > 0) await pause(flow.gapMs)
  }
  const ends = await Promise.all(settled)
  await pause(AFTERWARDS_MS)
  const messages = ends.map(({ settlement, atMs }, index) => {
    const seen = visits.filter(
      visit =>
        visit.nodeId.startsWith(prefix) && JSON.stringify(visit.payload)?.includes(mark(index))
    )
    return {
      fate: fateOf(
        settlement,
        Math.max(seen.length, flow.visits),
        seen.map(visit => visit.atMs),
        atMs
      ),
      visited: seen.length,
      settlement
    }
  })
  return { name: flow.name, mode, messages }
}

function fateOf(
  settlement: Settlement,
  visitsExpected: number,
  visitsMs: number[],
  settledMs: number
): Fate {
  if (settlement.kind !== 'acknowledge')
    return settlement.error.code === 'DELIVERY_TIMEOUT' ? 'timeout' : 'failed'
  if (visitsMs.filter(atMs => atMs <= settledMs).length < visitsExpected) return 'early'
  return settlement.stored > 0 ? 'stored' : 'filtered'
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
