import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Deployments, FlowPlace } from '../deployments.ts'
import { removeStore } from './level-store.ts'

/** Beside the store of a disabled node, whose name is the rest: where it stands in the flow. */
const PAUSED = '.paused.json'

/**
 * The stores of disabled nodes, which are removed once those are deleted: also when Node-RED was
 * started anew in between.
 */
export class PausedStores {
  readonly #places = new Map<string, FlowPlace>()

  /** @param root the folder with all stores */
  constructor(
    root: string,
    type: string,
    private readonly deployments: Pick<Deployments, 'lacks' | 'onChange'>
  ) {
    for (const [folder, place] of kept(root))
      if (place.type === type) this.#places.set(folder, place)
    deployments.onChange(`${type} state`, () => this.#removeDeleted())
  }

  /** The node is disabled. */
  add(folder: string, place: FlowPlace): void {
    this.#places.set(folder, place)
    try {
      mkdirSync(dirname(folder), { recursive: true })
      writeFileSync(folder + PAUSED, JSON.stringify(place))
    } catch {
      // Then it is known until Node-RED ends.
    }
  }

  /** The node runs, or is gone for good. */
  forget(folder: string): void {
    this.#places.delete(folder)
    rmSync(folder + PAUSED, { force: true })
  }

  #removeDeleted(): void {
    for (const [folder, place] of [...this.#places]) {
      if (!this.deployments.lacks(place)) continue
      this.forget(folder)
      void removeStore(folder).catch(() => {})
    }
  }
}

function kept(root: string): [folder: string, place: FlowPlace][] {
  try {
    const names = readdirSync(root).filter(name => name.endsWith(PAUSED))
    return names.flatMap(name => {
      const place = placeIn(join(root, name))
      return place === undefined ? [] : [[join(root, name.slice(0, -PAUSED.length)), place]]
    })
  } catch {
    return []
  }
}

function placeIn(file: string): FlowPlace | undefined {
  try {
    const { path, type } = JSON.parse(readFileSync(file, 'utf8')) as Partial<FlowPlace>
    return Array.isArray(path) && typeof type === 'string' ? { path, type } : undefined
  } catch {
    return undefined
  }
}
