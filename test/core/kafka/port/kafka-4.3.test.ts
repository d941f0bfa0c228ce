/** What any client behind core/kafka/port.ts has to do, on the newest Kafka. */
// Mostly waits.
import { services } from '../../../services.ts'
import { kafkaRig } from '../kafka-rig.ts'
import { clients, contractOf } from './contract.ts'

for (const [name, client] of Object.entries(clients)) {
  describe(`core/kafka/port: ${name} with Kafka 4.3`, () => {
    contractOf({
      version: '4.3',
      client,
      rig: async () => kafkaRig((await services('kafka')).kafka.brokers)
    })
  })
}
