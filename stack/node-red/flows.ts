/**
 * The pipeline's flows: one file a tab in flows/, put together into the one file that Node-RED
 * reads.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StackError } from '../errors.ts'
import { repository } from '../services.ts'

export type FlowNode = { id: string; type: string; d?: boolean } & Record<string, unknown>

/** Tabs stand in the editor in the order of the pipeline; any further ones after them. */
const tabOrder = ['ingest', 'process', 'persist', 'monitor']
const simulator = 'millrace-device-simulator'

function rank(file: string): number {
  const at = tabOrder.indexOf(file.replace(/\.json$/, ''))
  return at < 0 ? tabOrder.length : at
}

function isFlowNode(value: unknown): value is FlowNode {
  if (typeof value !== 'object' || value === null) return false
  const { id, type } = value as Record<string, unknown>
  return typeof id === 'string' && typeof type === 'string'
}

function readFlow(file: string): FlowNode[] {
  const nodes: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (Array.isArray(nodes) && nodes.every(isFlowNode)) return nodes
  throw new StackError('SETUP_FAILED', `${file} is no list of nodes as Node-RED exports it.`)
}

/**
 * All nodes of the files. A configuration node that stands in several files (they can be imported
 * alone) is taken once.
 */
export function mergeFlows(flows: readonly FlowNode[][]): FlowNode[] {
  return [...new Map(flows.flat().map(node => [node.id, node])).values()]
}

/** The nodes of flows/*.json. Without the simulator its node is there, but disabled. */
export function pipeline(
  { withSimulator }: { withSimulator: boolean },
  folder = join(repository, 'flows')
): FlowNode[] {
  const files = readdirSync(folder).filter(file => file.endsWith('.json'))
  files.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
  const nodes = mergeFlows(files.map(file => readFlow(join(folder, file))))
  return withSimulator
    ? nodes
    : nodes.map(node => (node.type === simulator ? { ...node, d: true } : node))
}

/**
 * Writes the flow file unless there is one: what a person has changed in the editor stays. Says
 * whether it wrote.
 */
export function ensureFlowFile(file: string, nodes: readonly FlowNode[]): boolean {
  if (existsSync(file)) return false
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(nodes, null, 2)}\n`)
  return true
}
