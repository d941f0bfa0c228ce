import type { Message, Previewed } from '@millrace/node-red-telemetry'
import { KinesisBatch } from './batch.ts'
import { type ConsumerOptions, shaperOf } from './logic.ts'

/** What the node would make of a record of Kinesis, with the settings of its dialog. */
export function previewed(options: ConsumerOptions): Previewed {
  const shaper = shaperOf(options)
  return {
    async sort({ payload }: Message) {
      await shaper.ready
      const data = Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload ?? ''))
      const shown = { shard: 'shardId-000000000000', sequence: '0', key: 'key', data }
      const batch = new KinesisBatch(options.stream, [{ ...shown, arrivedMs: Date.now() }], 0)
      const splits = [...shaper.piecesOf(batch, 0)].map(({ split }) => split)
      return {
        outputs: [splits.flatMap(each => each.accepted), splits.flatMap(each => each.rejected)],
        filtered: 0
      }
    }
  }
}
