/**
 * The parts of Node-RED's runtime that the tracker touches, as Node-RED 4.1 and 5.0 have them. The
 * events are documented: https://nodered.org/docs/api/hooks/. Not documented are `hooks.trigger`,
 * the underscore members of Node (`@node-red/runtime/lib/nodes/Node.js`) and `Flow.getNode`. The
 * tests of the tracker run against both versions and hold these shapes.
 */

export interface FlowNode {
  readonly id: string
  readonly type: string
  readonly wires?: readonly (readonly string[])[]
  readonly _flow?: { getNode(id: string): unknown }
  /**
   * How many of the input handlers take `done`; 0 is a legacy node, which never completes a
   * message.
   */
  readonly _expectedDoneCount?: number
  /** The one input handler, or the several. Both empty: the node has closed, or never listened. */
  readonly _inputCallback?: unknown
  readonly _inputCallbacks?: unknown
  error(reason: unknown, message?: object): void
}

export interface FlowMessage {
  _msgid?: string
  /** Put there for Catch nodes. */
  readonly error?: { readonly source?: { readonly id?: string } }
  [key: string | symbol]: unknown
}

export interface SendEvent {
  /** A clone from `preDeliver` on, where the message goes to more than one place. */
  readonly msg: FlowMessage
  readonly source: { readonly node: FlowNode }
  /** `node` is known from `preDeliver` on. */
  readonly destination: { readonly id: string; readonly node?: FlowNode }
  /** Of all that one call of `send` gives, only the first message goes on as it is. */
  readonly cloneMessage?: boolean
}

export interface ReceiveEvent {
  readonly msg: FlowMessage
  readonly destination: { readonly node: FlowNode }
}

export interface CompleteEvent {
  readonly msg: FlowMessage
  readonly error?: unknown
  readonly node: { readonly node: FlowNode }
}

export interface HookEvents {
  onSend: readonly SendEvent[]
  preDeliver: SendEvent
  onReceive: ReceiveEvent
  onComplete: CompleteEvent
}
export type HookName = keyof HookEvents
export type FlowHooks = { readonly [Name in HookName]: (event: HookEvents[Name]) => void }

export interface Hooks {
  /** Called by Node-RED for every event, whether somebody has registered for it or not. */
  trigger(name: string, event: unknown, done?: (error?: unknown) => void): unknown
}

export interface Events {
  on(name: string, listener: () => void): unknown
  removeListener(name: string, listener: () => void): unknown
}

/** What the tracker needs of `RED`. */
export interface Runtime {
  /** Undefined in node-red-node-test-helper. */
  readonly hooks?: unknown
  readonly events: Events
  readonly nodes: { getNode(id: string): unknown }
  readonly settings: { readonly runtimeSyncDelivery?: unknown }
  readonly util: { generateId(): string }
  readonly log: { warn(text: string): void }
}
