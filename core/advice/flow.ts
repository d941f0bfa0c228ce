/** An entry of the flow file, as far as wires go. */
export interface FlowEntry {
  readonly id: string
  readonly type: string
  readonly z?: string
  readonly d?: boolean
  readonly wires?: readonly (readonly string[])[]
  readonly [property: string]: unknown
}

interface Port {
  readonly wires?: readonly { readonly id: string; readonly port?: number }[]
}

/**
 * A flow file as a graph: who comes behind whom, by wires, links and through subflows. A link call
 * is followed to where it calls, and not back.
 */
export class FlowGraph {
  readonly #entries: ReadonlyMap<string, FlowEntry>
  /** The instances of each subflow. */
  readonly #instances = new Map<string, FlowEntry[]>()
  #before: Map<string, FlowEntry[]> | undefined

  constructor(entries: Iterable<FlowEntry>) {
    this.#entries = new Map([...entries].map(entry => [entry.id, entry]))
    for (const entry of this.#entries.values()) {
      if (!entry.type.startsWith('subflow:')) continue
      const id = entry.type.slice('subflow:'.length)
      this.#instances.set(id, [...(this.#instances.get(id) ?? []), entry])
    }
  }

  entry(id: string): FlowEntry | undefined {
    return this.#entries.get(id)
  }

  /** The nodes that get what this one sends, disabled ones left out. */
  behind(entry: FlowEntry): FlowEntry[] {
    return [
      ...this.#wired(entry),
      ...this.#linked(entry),
      ...this.#within(entry),
      ...this.#out(entry)
    ]
      .map(id => this.#entries.get(id))
      .filter(found => found !== undefined && found.d !== true) as FlowEntry[]
  }

  /** The nodes that send to this one. */
  before(entry: FlowEntry): readonly FlowEntry[] {
    if (this.#before === undefined) {
      this.#before = new Map()
      for (const each of this.#entries.values()) {
        if (each.d === true) continue
        for (const next of this.behind(each))
          this.#before.set(next.id, [...(this.#before.get(next.id) ?? []), each])
      }
    }
    return this.#before.get(entry.id) ?? []
  }

  /**
   * Every node that is reached from one by `step`. What `isEnd` says is reached, and not gone
   * through.
   */
  reached(
    from: FlowEntry,
    step: 'behind' | 'before',
    isEnd: (entry: FlowEntry) => boolean
  ): FlowEntry[] {
    const seen = new Set([from.id])
    const found: FlowEntry[] = []
    const open = [from]
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      for (const next of this[step](entry)) {
        if (seen.has(next.id)) continue
        seen.add(next.id)
        found.push(next)
        if (!isEnd(next)) open.push(next)
      }
    }
    return found
  }

  #wired({ type, wires }: FlowEntry): readonly string[] {
    return type.startsWith('subflow:') || !Array.isArray(wires) ? [] : wires.flat()
  }

  #linked({ type, links }: FlowEntry): readonly string[] {
    if (type !== 'link out' && type !== 'link call') return []
    return Array.isArray(links) ? links.map(String) : []
  }

  /** From an instance to the first nodes within its subflow. */
  #within({ type }: FlowEntry): readonly string[] {
    if (!type.startsWith('subflow:')) return []
    const subflow = this.#entries.get(type.slice('subflow:'.length))
    return portsOf(subflow?.in).flatMap(({ wires = [] }) => wires.map(({ id }) => id))
  }

  /** From the last nodes within a subflow to what comes behind its instances. */
  #out({ id, z }: FlowEntry): readonly string[] {
    const instances = this.#instances.get(z ?? '')
    if (instances === undefined) return []
    return portsOf(this.#entries.get(z!)?.out).flatMap(({ wires = [] }, output) =>
      wires.some(wire => wire.id === id)
        ? instances.flatMap(instance => instance.wires?.[output] ?? [])
        : []
    )
  }
}

const portsOf = (ports: unknown): readonly Port[] => (Array.isArray(ports) ? ports : [])
