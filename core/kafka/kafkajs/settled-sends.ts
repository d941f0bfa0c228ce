import type { Kafka } from 'kafkajs'
import { createsClusters } from './log-reader.ts'

interface Broker {
  produce(request: object): Promise<unknown>
}
interface Cluster {
  findBroker(broker: { nodeId: string }): Promise<Broker>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
}

/**
 * Has the producers of a client wait for all brokers before they try a send again. kafkajs 2.2.4
 * tries at the first error of one broker: to another that has not answered by then it sends the
 * same records once more, under new sequence numbers, and they are in the log twice.
 */
export function settleBeforeRetry(kafka: Kafka): void {
  const { made, create } = createsClusters<Cluster>(kafka)
  if (create === undefined) return
  const original = made[create]!
  made[create] = options => watched(original(options))
}

function watched(cluster: Cluster): Cluster {
  const [underWay, known] = [new Set<Promise<unknown>>(), new WeakSet<Broker>()]
  const find = cluster.findBroker.bind(cluster)
  cluster.findBroker = async wanted => {
    const broker = await find(wanted)
    if (known.has(broker)) return broker
    known.add(broker)
    const produce = broker.produce.bind(broker)
    broker.produce = request => {
      const answer = produce(request).finally(() => underWay.delete(answer))
      underWay.add(answer)
      return answer
    }
    return broker
  }
  const begin = cluster.addMultipleTargetTopics.bind(cluster)
  // What each try of a send begins with.
  cluster.addMultipleTargetTopics = async topics => {
    await Promise.allSettled(underWay)
    await begin(topics)
  }
  return cluster
}
