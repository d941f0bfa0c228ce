/** What any client behind core/kafka/port.ts has to do, on the last Kafka before 4.0. */
// Mostly waits.
import { join } from 'node:path'
import { KafkaCluster } from '../../../../stack/kafka/cluster.ts'
import { testHome } from '../../../services.ts'
import { kafkaRig } from '../kafka-rig.ts'
import { clients, contractOf } from './contract.ts'

for (const [name, client] of Object.entries(clients)) {
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
