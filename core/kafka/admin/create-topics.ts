import type { Admin, ITopicConfig } from 'kafkajs'
import { wait } from '../kafkajs/client.ts'

const LIMIT_MS = 30_000
const EVERY_MS = 100

/**
 * Creates topics and waits until each partition can be written to. Not with kafkajs' `waitForLeaders`: it gives up at the
 * first answer of a broker that has not heard of the topic yet.
 */
export async function createTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false })
  const endMs = performance.now() + LIMIT_MS
  for (const { topic } of topics) {
    while (!(await hasLeaders(admin, topic))) {
      if (performance.now() > endMs) throw new Error(`The topic ${topic} was created, but has no leader after ${LIMIT_MS / 1000} s.`)
      await wait(EVERY_MS)
    }
  }
}

async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const partitions = topics[0]?.partitions ?? []
    return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)
  } catch {
    return false
  }
}
