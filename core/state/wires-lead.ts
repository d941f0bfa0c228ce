import type { FlowNode } from '../delivery/node-red.ts'

/** Of a runtime: the node of an id, where it is known there. */
export type NodeOf = (id: string) => unknown

/**
 * Whether what a source sends may come to a node by wires, links and subflows. True also where that
 * cannot be told: the source stands where nobody finds it by its id, or a link call is on the way.
 */
export function wiresLead(nodeOf: NodeOf, from: string, to: string): boolean {
  const source = nodeOf(from) as FlowNode | null | undefined
  if (!source) return true
  const seen = new Set([from])
  const found = [source]
  for (let node = found.pop(); node !== undefined; node = found.pop()) {
    if (node.type === 'link call') return true
    for (const id of node.wires?.flat() ?? []) {
      if (id === to) return true
      if (seen.has(id)) continue
      seen.add(id)
      // Nodes within a subflow are known to the flow of their neighbours only.
      const next = (node._flow?.getNode(id) ?? nodeOf(id)) as FlowNode | null | undefined
      if (next) found.push(next)
    }
  }
  return false
}
