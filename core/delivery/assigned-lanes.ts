import type { FlowNode } from './node-red.ts'

type LanesCallback = (source: string, lanes: readonly string[]) => void

interface LanesWatcher {
  readonly nodeId: string
  readonly callback: LanesCallback
}

/** Which lanes the sources have, for the nodes behind them that remember. */
export class AssignedLanes {
  readonly #lanesOf = new Map<string, readonly string[]>()
  readonly #watchers = new Set<LanesWatcher>()

  constructor(private readonly nodeOf: (id: string) => FlowNode | null) {}

  /** All that the source has now. */
  assigned(source: string, lanes: readonly string[]): void {
    if (lanes.length === 0) this.#lanesOf.delete(source)
    else this.#lanesOf.set(source, lanes)
    const behind = this.#behind(source)
    for (const watcher of this.#watchers) this.#tell(watcher, source, lanes, behind)
  }

  watch(watcher: LanesWatcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** All nodes are there, and the wires may be others. */
  deployed(): void {
    if (this.#watchers.size === 0) return
    for (const [source, lanes] of this.#lanesOf) {
      const behind = this.#behind(source)
      for (const watcher of this.#watchers) this.#tell(watcher, source, lanes, behind)
    }
  }

  #tell(
    { nodeId, callback }: LanesWatcher,
    source: string,
    lanes: readonly string[],
    behind: ReadonlySet<string>
  ): void {
    callback(source, behind.has(nodeId) ? lanes : [])
  }

  /** The nodes that the wires of this one lead to, over links and through subflows. */
  #behind(source: string): Set<string> {
    const found = new Set<string>()
    for (const next = [source]; next.length > 0; ) {
      const wires = this.nodeOf(next.pop()!)?.wires ?? []
      for (const id of wires.flat())
        if (!found.has(id)) {
          found.add(id)
          next.push(id)
        }
    }
    return found
  }
}
