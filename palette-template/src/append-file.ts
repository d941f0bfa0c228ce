import {
  defineSink,
  pause,
  type Reason,
  reasonOf,
  retrying,
  unfitness,
  type WriteRequest
} from '@millrace/node-red-telemetry'
import { spec } from './append-file.spec.js'
import { appendDurably } from './line-file.js'

export default defineSink(
  spec,
  ({ options: { file } }, port) => {
    const closing = new AbortController()
    const waiting: Prepared[] = []
    let running: Promise<void> | undefined

    /**
     * Writes what waits, all of it at a time: one fsync for as many messages as came during the
     * last.
     */
    async function run(): Promise<void> {
      try {
        while (waiting.length > 0) await store(waiting.splice(0))
      } catch {
        // It is being closed and the file cannot be written: what is left goes back to the sources.
      } finally {
        running = undefined
      }
    }
    async function store(batch: readonly Prepared[]): Promise<void> {
      const text = batch.map(({ lines }) => lines).join('')
      await retrying(() => appendDurably(file, text), {
        signal: closing.signal,
        backoff: { maxMs: 5_000 },
        onRetry
      })
      port.up()
      for (const { request, refused } of batch) {
        request.finish({ stored: request.records.length - refused.size, refused })
      }
    }
    const onRetry = (error: unknown) =>
      port.down({
        words: 'file not writable',
        sentence: `${file} cannot be written: ${reasonOf(error)}.`,
        mend: true
      })

    port.up()
    return {
      write(request) {
        waiting.push(prepared(request))
        running ??= run()
      },
      async close(limitMs) {
        closing.abort()
        await Promise.race([running, pause(limitMs, { unref: true })])
      }
    }
  },
  { service: 'the file' }
)

interface Prepared {
  readonly request: WriteRequest
  readonly lines: string
  readonly refused: ReadonlyMap<number, Reason>
}

/** The lines of a message. What is no record is refused, and does not keep the others out. */
function prepared(request: WriteRequest): Prepared {
  const refused = new Map<number, Reason>()
  let lines = ''
  for (const [index, record] of request.records.entries()) {
    const reason = unfitness(record)
    if (reason) refused.set(index, reason)
    else lines += `${JSON.stringify(record)}\n`
  }
  return { request, lines, refused }
}
