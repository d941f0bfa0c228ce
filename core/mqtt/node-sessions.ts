import type { FlowPlace } from '../deployments.ts'
import type { MqttBroker } from './broker.ts'
import {
  type DeletedSessions,
  type SessionRuntime,
  watchDeletedSessions
} from './deleted-sessions.ts'
import type { SessionOptions } from './ingest-session.ts'
import { keptSessionsOf } from './kept-sessions.ts'

/** What a session must know of the node whose it is. */
export interface SessionOwner<RED extends SessionRuntime> {
  readonly RED: RED
  readonly id: string
  readonly node: { log(line: string): void; warn(line: string): void }
  readonly place: FlowPlace
  readonly options: { readonly broker: string }
  readonly metrics: { in: number; filtered: number }
  /** Shows the status anew. */
  show(): void
}

/**
 * The sessions of all nodes of a type. They outlive their nodes: what becomes of those of deleted
 * ones is watched also where no node of the type runs.
 */
export class NodeSessions<RED extends SessionRuntime> {
  readonly #deleted = new WeakMap<RED, DeletedSessions>()

  constructor(
    private readonly type: string,
    /** The server node of this id, if it runs. */
    private readonly serverOf: (RED: RED, id: string) => MqttBroker | undefined
  ) {}

  /** From now on in this runtime. */
  watch(RED: RED): void {
    this.#deleted.set(
      RED,
      watchDeletedSessions(RED, this.type, id => this.serverOf(RED, id))
    )
  }

  /** Whose a session is, who keeps account of it, and whom it tells. */
  of({ RED, id, node, place, options, metrics, show }: SessionOwner<RED>) {
    return {
      brokerId: options.broker,
      nodeId: id,
      place,
      kept: keptSessionsOf(RED),
      deleted: this.#deleted.get(RED)!,
      log: (line: string, isProblem: boolean) => (isProblem ? node.warn(line) : node.log(line)),
      changed: show,
      skipped() {
        metrics.in++
        metrics.filtered++
      }
    } satisfies Partial<SessionOptions>
  }
}
