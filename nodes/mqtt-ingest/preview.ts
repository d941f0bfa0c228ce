import type { DeferredAcks } from '../../core/mqtt/deferred-ack.ts'
import type { Previewed, SortedSample } from '../../core/node/preview.ts'
import type { Options } from '../../core/node/spec.ts'
import type { Message } from '../../core/record/message.ts'
import { MqttBatch } from './batch.ts'
import { shaperOf } from './logic.ts'
import type { spec } from './spec.ts'

/** Nobody waits for the acknowledgement of what stands in a dialog. */
const NO_ACKS = { acknowledge: () => undefined } as unknown as DeferredAcks

/** What the node would make of a message to a topic, with the settings of its dialog. */
export function previewed(options: Options<typeof spec>): Previewed {
  const shaper = shaperOf(options)
  return {
    async sort({ topic, payload }: Message): Promise<SortedSample> {
      await shaper.ready
      const batch = new MqttBatch(NO_ACKS, {
        isSingle: true,
        keyOf: shaper.keyOf,
        finished: () => undefined,
        survived: () => undefined
      })
      batch.add(packetOf(String(topic ?? ''), payload))
      if (shaper.isMany(batch)) {
        const splits = [...shaper.piecesOf(batch, 0)].map(({ split }) => split)
        const accepted = splits.flatMap(split => split.accepted)
        const rejected = splits.flatMap(split => split.rejected)
        return { outputs: [accepted, rejected], filtered: shaper.isForOthers(batch, 0) ? 1 : 0 }
      }
      const { accepted, rejected, forOthers } = shaper.shape(batch)
      return { outputs: [accepted, rejected], filtered: forOthers }
    }
  }
}

const packetOf = (topic: string, payload: unknown): Parameters<MqttBatch['add']>[0] => ({
  cmd: 'publish',
  topic,
  payload: Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload ?? '')),
  qos: 1,
  retain: false,
  dup: false
})
