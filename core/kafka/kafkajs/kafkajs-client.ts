import type { KafkaClient } from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { AdminOfKafkajs } from './admin.ts'
import { GroupMemberOfKafkajs } from './group-member.ts'
import { IdempotentProducer } from './idempotent-producer.ts'
import { ReaderOfKafkajs } from './reader.ts'
import { TransactionalProducerOfKafkajs } from './transactional-producer.ts'

const ADMIN_RETRIES = 2

/** A client of the cluster by kafkajs. Nothing is connected until something is asked of it. */
export const kafkajsClient = (settings: ClusterSettings): KafkaClient => ({
  settings,
  admin: ({ retries = ADMIN_RETRIES } = {}) => new AdminOfKafkajs(settings, retries),
  producer: options => IdempotentProducer.open(settings, options),
  transactional: options => new TransactionalProducerOfKafkajs(settings, options),
  groupMember: (options, events) => new GroupMemberOfKafkajs(settings, options, events),
  reader: (options, events) => new ReaderOfKafkajs(settings, options, events)
})
