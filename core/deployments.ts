/**
 * What becomes of a node that is closed.
 * - `restarted`: it comes again, by a deployment, after the flows or Node-RED were stopped, or with
 *   its project
 * - `paused`: it is disabled, itself, with its tab or with the subflow around it; it comes again
 *   when it is enabled
 * - `deleted`: a deployment has taken it out of the flow file
 */
export type Closing = 'restarted' | 'paused' | 'deleted'

/**
 * Where a node stands in the flow file, from its tab through the subflows around it, by the ids in
 * the file.
 */
export interface FlowPlace {
  readonly path: readonly string[]
  readonly type: string
}

/** An entry of the flow file. */
export interface FlowFileEntry {
  readonly id: string
  readonly type: string
  readonly z?: string
  /** A disabled node. */
  readonly d?: boolean
  /** A disabled tab. */
  readonly disabled?: boolean
}

/** What Node-RED 4.1 and 5.0 emit at `flows:stopping` and `flows:started`. */
interface FlowsEvent {
  readonly config?: { readonly flows?: readonly FlowFileEntry[] } | null
  readonly diff?: Readonly<Record<string, unknown>> | null
}

interface Events {
  on(name: string, listener: (event: FlowsEvent) => void): unknown
}

export type FlowFile = ReadonlyMap<string, FlowFileEntry>

/**
 * Knows of each stop of the flows whether a deployment has changed the flow file, and what stands
 * in it then. Node-RED's own word for it does not tell: `removed` is true for a node that was only
 * disabled, and false for what is inside a subflow.
 */
export class Deployments {
  #entries: FlowFile = new Map()
  #isChange = false
  readonly #changed = new Map<string, () => void>()
  readonly #started = new Map<string, () => void>()

  constructor(events: Events) {
    events.on('flows:stopping', event => {
      this.#learn(event)
      if (this.#isChange) for (const listener of this.#changed.values()) listener()
    })
    events.on('flows:started', event => {
      this.#learn(event)
      for (const listener of this.#started.values()) listener()
    })
  }

  /** Why a node of this place is closed now. */
  whyClosed(place: FlowPlace): Closing {
    const found = stepsOf(this.#entries, place)
    if (found === 'deleted') return this.#isChange ? 'deleted' : 'restarted'
    if (found === 'moved') return 'restarted'
    return found.some(({ d, disabled }) => d === true || disabled === true) ? 'paused' : 'restarted'
  }

  /** Whether the flow file has a node in this place, disabled or not. */
  has(place: FlowPlace): boolean {
    return Array.isArray(stepsOf(this.#entries, place))
  }

  /**
   * Whether the flow file does not have the node any more, nor has it moved into or out of a
   * subflow, with another id.
   */
  lacks(place: FlowPlace): boolean {
    return stepsOf(this.#entries, place) === 'deleted'
  }

  /** The flow file as it was last read or deployed, by ids. */
  get entries(): FlowFile {
    return this.#entries
  }

  /** All entries of this type, disabled ones too. */
  entriesOf(type: string): readonly object[] {
    return [...this.#entries.values()].filter(entry => entry.type === type)
  }

  /**
   * Told when a deployment has changed the flow file, before the first node is closed. A process
   * may start one runtime after another, as tests do: the listener of an owner takes the place of
   * the one it had before.
   */
  onChange(owner: string, listener: () => void): void {
    this.#changed.set(owner, listener)
  }

  /** Told when flows have started. */
  onStarted(owner: string, listener: () => void): void {
    this.#started.set(owner, listener)
  }

  /**
   * Only a deployment has a diff. A flow file that is read, at the start or for another project,
   * proves nothing deleted.
   */
  #learn({ config, diff }: FlowsEvent): void {
    this.#entries = new Map((config?.flows ?? []).map(entry => [entry.id, entry]))
    this.#isChange = Object.values(diff ?? {}).some(
      ids => ids === true || (Array.isArray(ids) && ids.length > 0)
    )
  }
}

/**
 * The entries of a place. In and out of a subflow a node runs under another id: then it has moved.
 */
function stepsOf(
  entries: FlowFile,
  { path, type }: FlowPlace
): FlowFileEntry[] | 'moved' | 'deleted' {
  const steps: FlowFileEntry[] = []
  let around: FlowFileEntry | undefined
  for (const id of path.slice(1)) {
    // What is inside a subflow that a module brings does not stand in the flow file.
    if (around !== undefined && !around.type.startsWith('subflow:')) return steps
    const entry = entries.get(id)
    if (entry === undefined) return 'deleted'
    // Configuration nodes need have no tab, and Node-RED makes tabs that are missing.
    const container = entries.get(entry.z ?? '')
    const subflow = container?.type === 'subflow' ? container.id : undefined
    if (subflow !== around?.type.slice('subflow:'.length)) return 'moved'
    if (container !== undefined) steps.push(container)
    steps.push(entry)
    around = entry
  }
  return around?.type === type ? steps : 'deleted'
}

/**
 * Kept on the global object: where this module is loaded twice, all nodes must still know of the
 * same deployment.
 */
const DEPLOYMENTS = Symbol.for('millrace.deployments')

/** The deployments of this Node-RED runtime. */
export function deploymentsOf(RED: { readonly events: object }): Deployments {
  const shared = globalThis as { [DEPLOYMENTS]?: WeakMap<object, Deployments> }
  shared[DEPLOYMENTS] ??= new WeakMap()
  let found = shared[DEPLOYMENTS].get(RED.events)
  if (found === undefined) {
    found = new Deployments(RED.events as Events)
    shared[DEPLOYMENTS].set(RED.events, found)
  }
  return found
}

/** `_path` is what Node-RED shows to flows as NR_NODE_PATH. */
export function placeOf(node: {
  readonly id: string
  readonly type: string
  readonly z?: string
  readonly _path?: string
}): FlowPlace {
  const path = node._path?.split('/') ?? [node.z ?? '', node.id]
  return { path, type: node.type }
}
