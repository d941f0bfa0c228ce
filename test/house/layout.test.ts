import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { companions, mainPalette } from '../../build/palettes.ts'
import { type Room, readRooms } from '../../build/rooms.ts'
import { labelOf } from '../../core/editor/label.ts'
import type { EditorHooks } from '../../core/editor/types.ts'
import {
  type Box,
  bodyOf,
  type CanvasNode,
  isIn,
  isOver,
  type Looks,
  statusOf,
  wireOf
} from './canvas.ts'
import { projectFiles } from './sources.ts'

/** What is left of 1440 px beside palette and sidebar, and of 900 px below the tabs. */
const CANVAS: Box = { left: 0, top: 0, right: 938, bottom: 780 }
/** Longer ones are shortened, see core/node/status.ts. */
const STATUS_CHARACTERS = 30
/** A wire to the right needs so much room, or it turns in loops; one that leads back needs more. */
const LEAST_ROOM = 5
const LEAST_WAY_BACK = 100

// The build writes it into the code of dialogs.
Object.assign(globalThis, { MODULE: '' })

const roomOf = new Map<string, Room>()

async function hooksOf({ folder }: Room): Promise<EditorHooks> {
  const file = pathToFileURL(join(folder, 'editor.ts')).href
  return ((await import(file)) as { default: EditorHooks }).default
}

async function looksOf(node: CanvasNode): Promise<Looks> {
  const room = roomOf.get(node.type)
  const name = String(node.name ?? '')
  if (room === undefined) {
    const isSource = ['inject', 'comment', 'mqtt in'].includes(node.type)
    return {
      label: name || node.type,
      inputs: isSource ? 0 : 1,
      outputs: node.wires.length,
      statusCharacters: node.type.startsWith('mqtt ') ? 12 : 0
    }
  }
  const hooks = room.hasEditor ? await hooksOf(room) : {}
  return {
    label: name || labelOf({ spec: room.spec, hooks, migrations: {} }, node),
    inputs: room.spec.inputs,
    outputs: node.wires.length,
    statusCharacters: STATUS_CHARACTERS
  }
}

interface Placed {
  readonly node: CanvasNode
  readonly looks: Looks
  readonly body: Box
  readonly status: Box | undefined
}

async function placed(text: string): Promise<Placed[]> {
  const nodes = (JSON.parse(text) as CanvasNode[]).filter(({ x }) => x !== undefined)
  return Promise.all(
    nodes.map(async node => {
      const looks = await looksOf(node)
      const body = bodyOf(node, looks)
      return { node, looks, body, status: statusOf(body, looks) }
    })
  )
}

const boxesOf = ({ body, status }: Placed): Box[] =>
  status === undefined ? [body] : [body, status]

function overlaps(all: readonly Placed[]): string[] {
  return all.flatMap((one, index) =>
    all
      .slice(index + 1)
      .filter(other => boxesOf(one).some(box => boxesOf(other).some(beside => isOver(box, beside))))
      .map(other => `${one.node.id} stands over ${other.node.id}`)
  )
}

function hiddenWires(all: readonly Placed[]): string[] {
  const byId = new Map(all.map(each => [each.node.id, each]))
  return all.flatMap(from =>
    from.node.wires.flatMap((targets, port) =>
      targets.flatMap(id => {
        const to = byId.get(id)
        if (to === undefined) return [`${from.node.id} is wired to ${id}, which is not there`]
        const room = to.body.left - from.body.right
        if (room < LEAST_ROOM && room > -LEAST_WAY_BACK)
          return [`${from.node.id} and ${id} are too near for the wire between them`]
        const points = wireOf(from, port, to.body)
        return all
          .filter(other => other !== from && other !== to)
          .filter(other => boxesOf(other).some(box => points.some(point => isIn(point, box))))
          .map(other => `the wire from ${from.node.id} to ${id} runs behind ${other.node.id}`)
      })
    )
  )
}

const outside = (all: readonly Placed[]): string[] =>
  all
    .filter(each =>
      boxesOf(each).some(
        ({ left, right, top, bottom }) =>
          left < CANVAS.left || right > CANVAS.right || top < CANVAS.top || bottom > CANVAS.bottom
      )
    )
    .map(({ node, body }) => `${node.id} ends at ${Math.round(body.right)}, ${body.bottom}`)

describe('the shipped tabs at 1440 px', () => {
  before(async () => {
    for (const { folder } of [await mainPalette(), ...(await companions())])
      for (const room of (await readRooms(folder)).rooms) roomOf.set(room.spec.type, room)
  })

  const beside = projectFiles('palettes').filter(({ path }) => /\/examples\//.test(path))
  for (const { path, text } of [...projectFiles('flows', 'examples'), ...beside]) {
    it(`${path}: nothing stands over another, no wire runs behind a node, all is in sight`, async () => {
      const all = await placed(text)
      assert.deepEqual([...overlaps(all), ...hiddenWires(all), ...outside(all)], [])
    })
  }
})
