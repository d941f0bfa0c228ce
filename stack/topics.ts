/** The Kafka topics that the pipeline uses. */
import { kafkajsClient } from '../core/kafka/kafkajs/kafkajs-client.ts'
import { compactedTopics, partitionsPerTopic, topics } from './services.ts'

/**
 * Makes the topics that are missing and returns their names. One that exists is left as it is.
 * Rejects with a MillraceError.
 */
export async function ensureTopics(brokers: string): Promise<string[]> {
  const admin = kafkajsClient({ clientId: 'millrace-setup', brokers: brokers.split(',') }).admin({
    retries: 5
  })
  try {
    await admin.ready
    const existing = new Set(await admin.listTopics())
    // replication: as the broker is configured, which is 1 for ours
    const partitions = partitionsPerTopic
    const settings = { 'cleanup.policy': 'compact' }
    const wanted = [
      ...Object.values(topics).map(topic => ({ topic, partitions })),
      ...Object.values(compactedTopics).map(topic => ({ topic, partitions, settings }))
    ].filter(({ topic }) => !existing.has(topic))
    if (wanted.length > 0) await admin.createTopics(wanted)
    // a new broker makes its topic of group offsets only now: consumers that start next do not have
    // to wait for it
    await admin.describeGroups(['millrace-setup'])
    return wanted.map(({ topic }) => topic)
  } finally {
    await admin.close()
  }
}
