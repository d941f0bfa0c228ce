/**
 * A sink as somebody would write one first: records as lines of a file, which has them before they
 * are confirmed.
 */
import { open } from 'node:fs/promises'
import {
  defineSink,
  type NodeSpec,
  type OpenSink,
  type Reason,
  reasonOf,
  retrying,
  unfitness,
  type WriteRequest
} from '../../../core/palette.ts'

export const spec = {
  type: 'millrace-file-sink',
  label: 'file sink',
  summary: 'Appends records to a file.',
  category: 'telemetry',
  family: 'delivery',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  fields: { file: { kind: 'text', label: 'File', default: '', required: true, help: 'Its path.' } }
} as const satisfies NodeSpec

export async function append(path: string, text: string): Promise<void> {
  const file = await open(path, 'a')
  try {
    await file.appendFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}

export default defineSink(
  spec,
  ({ options }, port): OpenSink => {
    const closing = new AbortController()
    let last = Promise.resolve()
    const store = async (request: WriteRequest) => {
      const refused = new Map<number, Reason>()
      let lines = ''
      for (const [index, record] of request.records.entries()) {
        const unfit = unfitness(record)
        if (unfit) refused.set(index, unfit)
        else lines += `${JSON.stringify(record)}\n`
      }
      const onRetry = (error: unknown) =>
        port.down({
          words: 'file not writable',
          sentence: `${options.file}: ${reasonOf(error)}.`,
          mend: true
        })
      await retrying(() => append(options.file, lines), {
        backoff: { maxMs: 5_000 },
        signal: closing.signal,
        onRetry
      })
      port.up()
      request.finish({ stored: request.records.length - refused.size, refused })
    }
    port.up()
    return {
      write(request) {
        last = last.then(() => store(request)).catch(error => request.fail(error as Error))
      },
      async close() {
        closing.abort()
        await last
      }
    }
  },
  { service: 'the file' }
)
