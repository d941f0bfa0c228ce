import type { NodesBehind } from './learn-panel.ts'
import type { EditorLink, EditorNode } from './red.ts'
import { say } from './texts-of.ts'

/** Between the nodes, so that a wire runs on to the right; each a little below the one before. */
const GAP = { x: 30, y: 60 }
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
    const made = nodes.import(
      behind.map(({ type, settings }, index) => ({
        id: nodes.id(),
        type,
        z: node.z,
        x: Number(node.x) + USUAL_WIDTH * (index + 1),
        y: Number(node.y) + GAP.y * (index + 1),
        ...onlyReferences(type),
        ...settings,
        wires: []
      })),
      { applyNodeDefaults: true, markChanged: true }
    ).nodes
    const row = [node, ...made]
    const [rejected] = nodes.import([rejectedBeside(node, row.length)], {
      applyNodeDefaults: true,
      markChanged: true
    }).nodes
    const links = [...linksOf(row), ...(rejected ? row.flatMap(linkTo(rejected)) : [])]
    for (const link of links) nodes.addLink(link)
    // How wide their labels make them is known once they are drawn.
    view.redraw(true, true)
    standApart(row)
    if (rejected) Object.assign(rejected, { x: row.at(-1)!.x, dirty: true })
    const added = [...made, ...(rejected ? [rejected] : [])].map(({ id }) => id)
    history.push({ t: 'add', nodes: added, links, dirty: wasDirty })
    nodes.dirty(true)
    view.redraw(true)
  })
}

/**
 * What is rejected is seen, and a source is told that it was dealt with: an output that leads
 * nowhere would be sent again for ever.
 */
const rejectedBeside = (node: EditorNode, length: number): object => ({
  id: window.RED.nodes.id(),
  type: 'debug',
  z: node.z,
  name: say('rejected'),
  active: true,
  tosidebar: true,
  complete: 'true',
  targetType: 'full',
  x: Number(node.x) + USUAL_WIDTH * (length - 1),
  // The others go down, so that no wire runs behind one of them.
  y: Number(node.y),
  wires: []
})

const linksOf = (row: readonly EditorNode[]): EditorLink[] =>
  row.slice(1).map((target, index) => ({ source: row[index]!, sourcePort: 0, target }))

const REJECTED_PORT = 1

/** By the second of two outputs, where it has no wire yet. */
const linkTo =
  (target: EditorNode) =>
  (source: EditorNode): EditorLink[] =>
    Number(source.outputs) !== 2 ||
    window.RED.nodes.filterLinks({ source }).some(({ sourcePort }) => sourcePort === REJECTED_PORT)
      ? []
      : [{ source, sourcePort: REJECTED_PORT, target }]

/** Moves each to where the one before it, as wide as it is drawn, ends. */
function standApart(row: readonly EditorNode[]): void {
  for (const [index, node] of row.entries()) {
    const before = row[index - 1]
    if (before === undefined) continue
    const between = (widthOf(before) + widthOf(node)) / 2 + GAP.x
    // On the grid, as Node-RED puts what is dropped.
    node.x = Math.ceil((Number(before.x) + between) / 20) * 20
    node.dirty = true
  }
}

const widthOf = ({ w }: EditorNode): number => Number(w ?? USUAL_WIDTH)

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
