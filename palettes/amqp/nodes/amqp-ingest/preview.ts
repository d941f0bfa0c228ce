import type { Message, Previewed } from '@millrace/node-red-telemetry'
import { AmqpBatch, arrivalOf } from './arrival.ts'
import { type IngestOptions, shaperOf } from './logic.ts'

/** Nobody waits for the settlement of what stands in a dialog. */
const nothing = () => undefined
const NO_DELIVERY = { accept: nothing, reject: nothing, release: nothing, modified: nothing }

/** What the node would make of a message, with the settings of its dialog. */
export function previewed(options: IngestOptions): Previewed {
  const shaper = shaperOf(options)
  return {
    async sort({ topic, payload }: Message) {
      await shaper.ready
      const body = Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload ?? ''))
      const message = { body } as unknown as Parameters<typeof arrivalOf>[0]
      const address = String(topic ?? '') || options.address
      const batch = new AmqpBatch([arrivalOf(message, NO_DELIVERY, address)], body.length, 0)
      const splits = [...shaper.piecesOf(batch, 0)].map(({ split }) => split)
      return {
        outputs: [splits.flatMap(each => each.accepted), splits.flatMap(each => each.rejected)],
        filtered: 0
      }
    }
  }
}
