import assert from 'node:assert/strict'
import type { Node, NodeAPI } from 'node-red'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { DeliverySource } from '../../../core/source/source.ts'
import { MqttBatch } from '../../../nodes/mqtt-ingest/batch.ts'
import { Deliveries } from '../../../nodes/mqtt-ingest/deliver.ts'
import type { ShapedBatch, Shaper } from '../../../nodes/mqtt-ingest/shaper.ts'
import { ScriptedTracker, acknowledged as settled } from '../../core/source/scripted-tracker.ts'

/**
 * A source that gets batches of what their only packet's topic says; what it acknowledges, by
 * message id.
 */
function scene() {
  const acknowledged: (number | undefined)[] = []
  const logged: string[] = []
  const tracker = new ScriptedTracker()
  const metrics = new NodeMetrics('i', 'millrace-mqtt-ingest', '')
  const acks: Partial<DeferredAcks> = {
    acknowledge: packets => acknowledged.push(...packets.map(({ messageId }) => messageId))
  }
  const shape = (batch: MqttBatch): ShapedBatch => {
    const { topic } = batch.packets[0]!
    return {
      accepted: topic === 'taken' ? [{}] : [],
      rejected: [],
      forOthers: topic === 'others' ? 1 : 0,
      otherTopic: topic
    }
  }
  const node = {
    id: 'i',
    type: 'millrace-mqtt-ingest',
    send() {},
    error() {},
    warn() {},
    log: (line: string) => logged.push(line)
  } as unknown as Node
  const source = new DeliverySource({
    RED: {} as NodeAPI,
    node,
    metrics,
    mode: 'finished',
    maxInFlight: 10,
    retries: 1,
    timeoutMs: 1000,
    outputs: 2,
    deadLetterOutput: 1,
    isWired: () => true,
    onCapacity() {},
    tracker
  })
  const owner = {
    isSingle: false,
    keyOf: () => null,
    finished: ({ acks, packets }: MqttBatch) => acks.acknowledge(packets),
    survived() {}
  }
  const shaper = { shape, isMany: () => false as boolean } as unknown as Shaper
  const options = { batchSize: 10, maxInFlight: 10 }
  const deliveries = new Deliveries(shaper, { source, metrics, node, options })
  return {
    acknowledged,
    logged,
    deliveries,
    metrics,
    settle: (which: number) => tracker.open_[which]!.settle(settled(1)),
    bring(messageId: number, topic: 'taken' | 'others') {
      const batch = new MqttBatch(acks as DeferredAcks, owner)
      batch.add({
        cmd: 'publish',
        topic,
        messageId,
        qos: 1,
        retain: false,
        dup: false,
        payload: Buffer.from('x')
      } as Received)
      deliveries.deliver(batch)
    }
  }
}

describe('mqtt-ingest: acknowledging what is for others', () => {
  it('and says so in the log, at once and then not for a minute', () => {
    const { bring, logged, deliveries } = scene()
    for (const id of [1, 2, 3]) bring(id, 'others')
    assert.deepEqual(logged, [
      'A message is of a topic that the template does not take, and was left out: "others".'
    ])
    deliveries.end()
    assert.match(
      logged[1]!,
      /^2 messages are of topics that the template does not take, and were left out, the first of "others"/
    )
  })

  it('at once where nothing came before', () => {
    const { bring, acknowledged, metrics, deliveries } = scene()
    bring(1, 'others')
    assert.deepEqual(
      [acknowledged, metrics.in, metrics.filtered, deliveries.forOthers],
      [[1], 1, 1, 1]
    )
  })

  it('after what came before, in the order it came', () => {
    const { bring, acknowledged, settle } = scene()
    bring(1, 'taken')
    bring(2, 'others')
    bring(3, 'taken')
    bring(4, 'others')
    assert.deepEqual(acknowledged, [])
    settle(0)
    assert.deepEqual(acknowledged, [1, 2])
    settle(0)
    bring(5, 'others')
    assert.deepEqual(acknowledged, [1, 2, 3, 4, 5])
  })
})
