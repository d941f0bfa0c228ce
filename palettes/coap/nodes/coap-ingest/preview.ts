import type { Message, Previewed } from '@millrace/node-red-telemetry'
import { formatOf, type IngestOptions, recordsOfPath } from './logic.ts'

const PLAIN_TEXT = 0

/** What the node would make of a body, with the settings of its dialog. */
export function previewed(options: IngestOptions): Previewed {
  const records = recordsOfPath(options)
  return {
    async sort({ topic, payload }: Message) {
      await records.ready
      const body = Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload ?? ''))
      const arrived = { path: String(topic ?? ''), body, arrivedMs: Date.now() }
      // A dialog knows no Content-Format; plain text shows itself what it is.
      const read = await records.open(arrived, formatOf(PLAIN_TEXT, body)!)
      const splits = [...read()].map(({ split }) => split)
      return {
        outputs: [splits.flatMap(each => each.accepted), splits.flatMap(each => each.rejected)],
        filtered: 0
      }
    }
  }
}
