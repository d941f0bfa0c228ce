import assert from 'node:assert/strict'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import type { DeliverySource } from '../../../core/source/source.ts'
import { MqttBatch } from '../../../nodes/mqtt-ingest/batch.ts'
import { Deliverer } from '../../../nodes/mqtt-ingest/deliver.ts'
import type { Intake } from '../../../nodes/mqtt-ingest/intake.ts'
import type { Shaped, Shaper } from '../../../nodes/mqtt-ingest/logic.ts'

type TakenMessage = Parameters<DeliverySource['take']>[0]

/** A deliverer whose batches are of what their only packet's topic says; what it acknowledges, by message id. */
function scene() {
  const acknowledged: (number | undefined)[] = []
  const sent: TakenMessage[] = []
  const metrics = new NodeMetrics('i', 'millrace-mqtt-ingest', '')
  const acks: Partial<DeferredAcks> = { acknowledge: packets => acknowledged.push(...packets.map(({ messageId }) => messageId)) }
  const shape = (batch: MqttBatch): Shaped => {
    const { topic } = batch.packets[0]!
    return { taken: topic === 'taken' ? [{}] : [], rejected: [], forOthers: topic === 'others' ? 1 : 0 }
  }
  const deliverer = new Deliverer({
    shaper: { shape } as Shaper,
    source: { take: (taken: TakenMessage) => sent.push(taken) } as unknown as DeliverySource,
    intake: { release: () => undefined } as unknown as Intake,
    metrics,
    single: false
  })
  return {
    acknowledged,
    sent,
    metrics,
    bring(messageId: number, topic: 'taken' | 'others') {
      const batch = new MqttBatch(acks as DeferredAcks, () => null)
      batch.add({ cmd: 'publish', topic, messageId, qos: 1, retain: false, dup: false, payload: Buffer.from('x') } as Received)
      deliverer.deliver(batch)
    }
  }
}

describe('mqtt-ingest: acknowledging what is for others', () => {
  it('at once where nothing came before', () => {
    const { bring, acknowledged, metrics } = scene()
    bring(1, 'others')
    assert.deepEqual([acknowledged, metrics.in, metrics.filtered], [[1], 1, 1])
  })

  it('after what came before, in the order it came', () => {
    const { bring, acknowledged, sent } = scene()
    bring(1, 'taken')
    bring(2, 'others')
    bring(3, 'taken')
    bring(4, 'others')
    assert.deepEqual(acknowledged, [])
    sent[0]!.acknowledge()
    assert.deepEqual(acknowledged, [1, 2])
    sent[1]!.acknowledge()
    bring(5, 'others')
    assert.deepEqual(acknowledged, [1, 2, 3, 4, 5])
  })
})
