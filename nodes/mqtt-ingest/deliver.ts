import type { DeliverySource } from '../../core/source/source.ts'
import type { MqttBatch } from './batch.ts'
import type { Intake } from './intake.ts'
import type { Shaper } from './logic.ts'

export const TAKEN = 0
export const REJECTED = 1

/**
 * All connections share one line: what an old connection brought goes on through the flow after it broke, as the server may
 * have lost it with the session. It still counts as in flight, and is acknowledged first, on the connection that brings it again.
 */
const LANE = 'mqtt'

/** Sends a batch into the flow as at most two messages, and acknowledges all of it, in the order it came, after both. */
export function deliver(batch: MqttBatch, shaper: Shaper, source: DeliverySource, intake: Intake, single: boolean): void {
  const messageOf = (payload: object[]) => ({ payload: single ? payload[0] : payload })
  const finish = () => {
    intake.release(batch)
    batch.acks.acknowledge(batch.packets)
  }
  const { taken, rejected } = shaper.shape(batch)
  if (taken.length > 0) {
    source.take({
      lane: LANE,
      records: taken.length,
      message: messageOf(taken),
      rebuild: () => messageOf(shaper.shape(batch).taken),
      acknowledge: rejected.length > 0 ? () => {} : finish,
      output: TAKEN
    })
  }
  if (rejected.length > 0) {
    source.take({
      lane: LANE,
      records: rejected.length,
      message: messageOf(rejected),
      rebuild: () => messageOf(shaper.shape(batch).rejected),
      acknowledge: finish,
      output: REJECTED
    })
  }
}
