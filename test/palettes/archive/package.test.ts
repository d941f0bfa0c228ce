import { randomUUID } from 'node:crypto'
import { makeTopics } from '../../kafka-topics.ts'
import { services } from '../../services.ts'
import { holdsAsPackage } from '../companion-package.ts'

await holdsAsPackage('archive', {
  async here() {
    const { brokers } = (await services('kafka')).kafka
    const topic = `lesson-${randomUUID()}`
    await makeTopics(brokers, { [topic]: 1 })
    return {
      'millrace-kafka-cluster': { brokers },
      'millrace-kafka-producer': { topic },
      'millrace-kafka-consumer': { topics: topic }
    }
  },
  outcomes: {
    'lesson-archive-sink-sink': { in: 4, stored: 3, rejected: 1 },
    'lesson-archive-source-bring': { in: 2 }
  }
})
