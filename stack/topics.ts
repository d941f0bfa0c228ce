/** The Kafka topics that the pipeline uses. */
import { kafkajsClient } from '../core/kafka/kafkajs/kafkajs-client.ts'
import { partitionsPerTopic, topics } from './services.ts'

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
    const missing = Object.values(topics).filter(topic => !existing.has(topic))
    // replication: as the broker is configured, which is 1 for ours
    const wanted = missing.map(topic => ({ topic, partitions: partitionsPerTopic }))
    if (wanted.length > 0) await admin.createTopics(wanted)
    // a new broker makes its topic of group offsets only now: consumers that start next do not have
    // to wait for it
    await admin.describeGroups(['millrace-setup'])
    return missing
  } finally {
    await admin.close()
  }
}
