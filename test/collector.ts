/**
 * A sink for flows of tests: keeps what it gets, and stores, fails or holds it as the test says.
 */
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'
import { trackerOf } from '../core/delivery/tracker.ts'

export type Treatment = 'store' | 'fail' | 'hold'

export interface Collected {
  readonly message: NodeMessage
  /** Says that it is stored. */
  store(): void
}

export class Collector {
  readonly got: Collected[] = []
  treatment: Treatment = 'store'

  /** The records of all messages, in the order they came. */
  get records(): unknown[] {
    return this.got.flatMap(({ message }) => message.payload)
  }

  /** Stores what is held, and from now on what comes. */
  release(): void {
    this.treatment = 'store'
    for (const { store } of this.got) store()
  }
}

const collectors = new Map<string, Collector>()

/** The collector of the sink of this id. */
export function collectorOf(id: string): Collector {
  const found = collectors.get(id) ?? new Collector()
  collectors.set(id, found)
  return found
}

/** Registers the node type `collect`. */
export function registerCollect(RED: NodeAPI): void {
  RED.nodes.registerType('collect', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    const collector = collectorOf(this.id)
    this.on('input', (message, _send, done) => {
      let open = true
      const store = () => {
        if (!open) return
        open = false
        trackerOf(RED).confirm(message, {
          stored: Array.isArray(message.payload) ? message.payload.length : 1
        })
        done()
      }
      collector.got.push({ message, store })
      if (collector.treatment === 'store') store()
      else if (collector.treatment === 'fail') done(new Error('the sink cannot'))
    })
  })
}
