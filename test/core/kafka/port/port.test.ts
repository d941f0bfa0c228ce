/**
 * What any client behind core/kafka/port.ts has to do, on the newest Kafka and on the last one
 * before 4.0.
 */
import { join } from 'node:path'
import { kafkajsClient } from '../../../../core/kafka/kafkajs/kafkajs-client.ts'
import { KafkaCluster } from '../../../../stack/kafka/cluster.ts'
import { services, testHome } from '../../../services.ts'
import { kafkaRig } from '../kafka-rig.ts'
import { adminContract } from './admin.ts'
import { groupContract } from './group.ts'
import { produceContract } from './produce.ts'
import { readerContract } from './reader.ts'
import type { Target } from './target.ts'
import { transactionContract } from './transactions.ts'

const clients = { kafkajs: kafkajsClient }

function contractOf(target: Target): void {
  produceContract(target)
  groupContract(target)
  transactionContract(target)
  readerContract(target)
  adminContract(target)
}

for (const [name, client] of Object.entries(clients)) {
  describe(`core/kafka/port: ${name} with Kafka 4.3`, () => {
    contractOf({
      version: '4.3',
      client,
      rig: async () => kafkaRig((await services('kafka')).kafka.brokers)
    })
  })

  describe(`core/kafka/port: ${name} with Kafka 3.9`, function () {
    this.timeout(240_000)
    let cluster: KafkaCluster

    before(async () => {
      const folder = join(testHome, 'kafka-3.9')
      cluster = await KafkaCluster.start({ folder, nodes: 1, minInSync: 1, version: '3.9' })
    })
    after(() => cluster?.remove())

    contractOf({ version: '3.9', client, rig: () => kafkaRig(cluster.brokers) })
  })
}
