/** The Kafka topics that the pipeline uses. */
import { Kafka, logLevel } from 'kafkajs'
import { createTopics } from '../core/kafka/admin/create-topics.ts'
import { partitionsPerTopic, topics } from './services.ts'

/** Makes the topics that are missing and returns their names. One that exists is left as it is. Rejects with kafkajs' error. */
export async function ensureTopics(brokers: string): Promise<string[]> {
  const kafka = new Kafka({ clientId: 'millrace-setup', brokers: brokers.split(','), logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = Object.values(topics).filter(topic => !existing.has(topic))
    // replication: as the broker is configured, which is 1 for ours
    const wanted = missing.map(topic => ({ topic, numPartitions: partitionsPerTopic, replicationFactor: -1 }))
    if (wanted.length > 0) await createTopics(admin, wanted)
    // a new broker makes its topic of group offsets only now: consumers that start next do not have to wait for it
    await admin.describeGroups(['millrace-setup'])
    return missing
  } finally {
    await admin.disconnect()
  }
}
