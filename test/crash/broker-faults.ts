/** What happens to the brokers of a cluster: elections, rolling restarts, a lost quorum. */
import { setTimeout as wait } from 'node:timers/promises'
import type { KafkaCluster } from '../../stack/kafka/cluster.ts'

export type BrokerFault = 'leaders' | 'rolling restart' | 'two of three'

const AWAY_MS = 1_500
/** Longer than the brokers' sessions, and than what a client tries in one go. */
const QUORUM_AWAY_MS = 8_000

/**
 * Resolves when all brokers are back and in sync. `topic` is the one that the pipeline is writing.
 */
export async function brokerFault(
  cluster: KafkaCluster,
  fault: BrokerFault,
  topic: string
): Promise<void> {
  await FAULTS[fault](cluster, topic)
}

const FAULTS: Record<BrokerFault, (cluster: KafkaCluster, topic: string) => Promise<void>> = {
  /** kill -9 of one leader after the other, each after the earlier one is back. */
  async leaders(cluster, topic) {
    for (const partition of [0, 1, 2]) {
      const leader = await cluster.leaderOf(topic, partition)
      await cluster.kill(leader)
      await wait(AWAY_MS)
      await cluster.restart(leader)
      await cluster.inSync()
    }
  },

  /** As an operator brings a new version in. */
  async 'rolling restart'(cluster) {
    for (const id of cluster.ids) {
      await cluster.stop(id)
      await cluster.restart(id)
      await cluster.inSync()
    }
  },

  /** kill -9 of two: nobody leads, nobody can be elected, and what is left takes nothing. */
  async 'two of three'(cluster, topic) {
    const leader = await cluster.leaderOf(topic)
    const other = cluster.ids.find(id => id !== leader)!
    await Promise.all([leader, other].map(id => cluster.kill(id)))
    await wait(QUORUM_AWAY_MS)
    await Promise.all([leader, other].map(id => cluster.restart(id)))
    await cluster.inSync()
  }
}
