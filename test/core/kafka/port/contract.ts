import { kafkajsClient } from '../../../../core/kafka/kafkajs/kafkajs-client.ts'
import { adminContract } from './admin.ts'
import { groupContract } from './group.ts'
import { produceContract } from './produce.ts'
import { readerContract } from './reader.ts'
import type { Target } from './target.ts'
import { transactionContract } from './transactions.ts'

/** The clients that are behind the port. */
export const clients = { kafkajs: kafkajsClient }

/** What the port promises, a suite each. */
export function contractOf(target: Target): void {
  produceContract(target)
  groupContract(target)
  transactionContract(target)
  readerContract(target)
  adminContract(target)
}
