// Mostly waits.
import type { Node } from 'node-red'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import deadLetterReplay from '../../../nodes/dead-letter-replay/runtime.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { FaultProxy } from '../../fault-proxy.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

/** More than one fetch brings. */
const LETTERS = 40
const LETTER_BYTES = 100_000

describe('dead-letter-replay: a replay that stands still', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow
  let proxy: FaultProxy

  before(async () => {
    rig = await kafkaRig()
    proxy = await FaultProxy.before(rig.brokers)
    flow = await startKafkaFlow(deadLetterReplay)
  })
  after(async () => {
    await flow.stop()
    await proxy.refuse()
    await rig.close()
  })

  it('says within ten seconds that what is left does not come, and goes on when it does', async () => {
    const [topic, raw] = [await rig.topic(1), await rig.topic(1)]
    const headers = { 'millrace.origin.kind': 'kafka', 'millrace.origin.topic': raw }
    for (let sent = 0; sent < LETTERS; sent += 4)
      await rig.feed.send({
        topic,
        messages: Array.from({ length: 4 }, () => ({ value: Buffer.alloc(LETTER_BYTES), headers }))
      })
    await flow.deploy(proxy.brokers[0]!, [
      { id: 'replay', type: 'millrace-dead-letter-replay', topic, ingestTopic: raw, wires: [[]] }
    ])
    const says = (text: RegExp) => text.test(nodeMetrics('replay')?.status?.text ?? '')
    proxy.bringsUntilEmpty = 1
    flow.nodeRed.node<Node>('replay').receive({ payload: 'go' })
    await until('it says so', () => says(/^\d+ wait in Kafka, none come$/), 20_000)
    proxy.bringsUntilEmpty = Number.POSITIVE_INFINITY
    proxy.emptiesFetches = false
    await until('the end', () => says(new RegExp(`^${LETTERS} replayed · all$`)))
  })
})
