import type { KafkaCluster } from '../kafka/cluster.ts'
import type { Context } from '../node/define-node.ts'
import type { NodeSpec } from '../node/spec.ts'
import { OptionsError } from '../options-error.ts'
import { openChangelog } from './changelog-store.ts'
import type { StateStore } from './types.ts'

/** Opens what is kept of a partition, unless it is gone before the one before would be fenced. */
export type OpenStore = (lane: string, isGone: () => boolean) => Promise<StateStore>

/** On the global object: each type of node may have loaded this module for itself. */
const TOPICS = Symbol.for('millrace.state-topics')
const takenBy = (): Map<string, string> => {
  const shared = globalThis as { [TOPICS]?: Map<string, string> }
  shared[TOPICS] ??= new Map()
  return shared[TOPICS]
}

/**
 * Opens what is kept of a partition in the Kafka topic of a node; undefined where it remembers on
 * this machine.
 * @throws OptionsError where another node has the topic: they would take it from each other
 */
export function takeTopic<S extends NodeSpec>(context: Context<S>): OpenStore | undefined {
  const { keepIn, stateTopic } = context.options as { keepIn?: unknown; stateTopic?: unknown }
  if (keepIn !== 'kafka') return undefined
  const cluster = context.provided<KafkaCluster>('cluster')
  const topic = String(stateTopic)
  const name = `${cluster.settings.brokers.join(',')} ${topic}`
  const owner = takenBy().get(name)
  if (owner !== undefined && owner !== context.id)
    throw new OptionsError('A node that remembers', [
      `Topic of its own: the node ${owner} has "${topic}" already`
    ])
  takenBy().set(name, context.id)
  return (lane, isGone) => openChangelog({ cluster, topic, lane, isGone })
}

/** The node is closed: another may have its topic. */
export function freeTopic({ id }: { readonly id: string }): void {
  for (const [name, owner] of takenBy()) if (owner === id) takenBy().delete(name)
}
