import type { NodesBehind } from './learn-panel.ts'
import type { EditorLink, EditorNode } from './red.ts'

/** Room for a node with a label of usual length, and for one of unknown width. */
const STEP = { x: 220, y: 60 }
const USUAL_WIDTH = 200

/**
 * Puts nodes behind one, each wired to the first output of the one before it, as one step that Undo
 * takes back. A configuration node is chosen where there is only one of its type.
 */
export function addBehind(node: EditorNode, behind: readonly NodesBehind[]): void {
  if (behind.length === 0) return
  // Node-RED notes the change of this node first, so that Undo takes both back in their order.
  window.setTimeout(() => {
    const { nodes, history, view } = window.RED
    const wasDirty = nodes.dirty()
    const fromX = Number(node.x) + (Number(node.w ?? USUAL_WIDTH) - USUAL_WIDTH) / 2
    const made = nodes.import(
      behind.map(({ type, settings }, index) => ({
        id: nodes.id(),
        type,
        z: node.z,
        x: fromX + STEP.x * (index + 1),
        y: Number(node.y) + STEP.y * (index + 1),
        ...onlyReferences(type),
        ...settings,
        wires: []
      })),
      { applyNodeDefaults: true, markChanged: true }
    ).nodes
    const links = made.map(
      (target, index): EditorLink => ({
        source: index === 0 ? node : made[index - 1]!,
        sourcePort: 0,
        target
      })
    )
    for (const link of links) nodes.addLink(link)
    history.push({ t: 'add', nodes: made.map(({ id }) => id), links, dirty: wasDirty })
    nodes.dirty(true)
    view.redraw(true)
  })
}

/** The configuration nodes of which there is one to choose. */
function onlyReferences(type: string): Record<string, string> {
  const { defaults = {} } = window.RED.nodes.getType(type) ?? {}
  const wanted = Object.entries(defaults as Record<string, { type?: string; required?: boolean }>)
  return Object.fromEntries(
    wanted.flatMap(([name, field]) => {
      if (field.type?.startsWith('millrace-') !== true) return []
      const found: string[] = []
      window.RED.nodes.eachConfig(config => {
        if (config.type === field.type) found.push(config.id)
      })
      return found.length === 1 ? [[name, found[0]!]] : []
    })
  )
}
