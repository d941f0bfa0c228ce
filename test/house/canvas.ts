/** Where things stand on the canvas of Node-RED's editor, worked out from a flow's JSON. */

/** A node as a flow has it. */
export interface CanvasNode {
  readonly id: string
  readonly type: string
  readonly x: number
  readonly y: number
  readonly wires: readonly (readonly string[])[]
  readonly [field: string]: unknown
}

/** What decides how a node looks. */
export interface Looks {
  /** As it is written on the node. */
  readonly label: string
  readonly inputs: number
  readonly outputs: number
  /** Its status line has at most so many characters. */
  readonly statusCharacters: number
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Of a label at 14 px, by a wide typeface; another one is narrower. */
const LABEL_CHARACTER_PX = 7.4
/** Of a status line at 10 px, likewise. */
const STATUS_CHARACTER_PX = 6
/** The mark of a status with what is around it. */
const STATUS_MARK_PX = 22
const STATUS_HEIGHT_PX = 18
/** The button of an inject node or a debug node stands out by this. */
const BUTTON_PX = 26
const GRID_PX = 20
const PORT_PX = 13

/** The body of a node, as the editor draws it. */
export function bodyOf({ x, y, type }: CanvasNode, { label, inputs, outputs }: Looks): Box {
  const text = Math.max(...label.split('\n').map(line => line.length)) * LABEL_CHARACTER_PX
  const needed = text + 50 + (inputs > 0 ? 7 : 0)
  const width = Math.max(100, GRID_PX * Math.ceil(needed / GRID_PX))
  const height = Math.max(30, outputs * 15)
  return {
    left: x - width / 2 - (type === 'inject' ? BUTTON_PX : 0),
    right: x + width / 2 + (type === 'debug' ? BUTTON_PX : 0),
    top: y - height / 2,
    bottom: y + height / 2
  }
}

/** The line below a body; undefined where the node has none. */
export function statusOf(body: Box, { statusCharacters }: Looks): Box | undefined {
  if (statusCharacters === 0) return undefined
  return {
    left: body.left,
    right: body.left + STATUS_MARK_PX + statusCharacters * STATUS_CHARACTER_PX,
    top: body.bottom,
    bottom: body.bottom + STATUS_HEIGHT_PX
  }
}

export const isOver = (one: Box, other: Box): boolean =>
  one.left < other.right &&
  other.left < one.right &&
  one.top < other.bottom &&
  other.top < one.bottom

interface Point {
  readonly x: number
  readonly y: number
}

/** Points along a wire from an output to an input, close enough to find what it runs behind. */
export function wireOf(
  from: { readonly body: Box; readonly looks: Looks },
  port: number,
  to: Box
): Point[] {
  const middle = (from.body.top + from.body.bottom) / 2
  const start = {
    x: from.body.right,
    y: middle - ((from.looks.outputs - 1) / 2) * PORT_PX + port * PORT_PX
  }
  const end = { x: to.left, y: (to.top + to.bottom) / 2 }
  // A wire that leads back leaves to the right and arrives from the left all the same.
  const reach =
    end.x > start.x ? Math.min(75, Math.hypot(end.x - start.x, end.y - start.y) / 2) : 60
  return Array.from({ length: 61 }, (_, step) => between(start, end, reach, step / 60))
}

function between(start: Point, end: Point, reach: number, at: number): Point {
  const [a, b, c, d] = [(1 - at) ** 3, 3 * at * (1 - at) ** 2, 3 * at ** 2 * (1 - at), at ** 3]
  return {
    x: a * start.x + b * (start.x + reach) + c * (end.x - reach) + d * end.x,
    y: (a + b) * start.y + (c + d) * end.y
  }
}

export const isIn = ({ x, y }: Point, { left, right, top, bottom }: Box): boolean =>
  x > left && x < right && y > top && y < bottom
