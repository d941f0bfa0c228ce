import type { PartitionEnds } from '../admin/admin.ts'
import type { KafkaClient, KafkaReader, KafkaRecord } from '../port.ts'

export interface ReadOptions {
  readonly topic: string
  /** Where reading stops, as it was when the caller asked. */
  readonly ends: readonly PartitionEnds[]
  /** Where to begin, by partition; at the beginning of what is not named. */
  readonly from?: ReadonlyMap<number, bigint>
  /** Of one request: somebody waits for the end, or for the error. */
  readonly retries: number
  /**
   * Gets the messages of a batch that lie before the end. `beat` must be called now and then when
   * it takes long.
   */
  readonly each: (
    partition: number,
    messages: readonly KafkaRecord[],
    beat: () => Promise<void>
  ) => Promise<void>
}

const MAX_WAIT_MS = 200

/**
 * Reads a topic from its beginning, or from the given offsets, to where it ended. Rejects with the
 * first error of `each` or of the reader.
 */
export async function readToEnd(
  client: KafkaClient,
  { topic, ends, from, retries, each }: ReadOptions
): Promise<void> {
  const holding = ends.filter(({ low, high }) => high > low)
  const open = new Map(holding.map(({ partition, high }) => [partition, high]))
  if (open.size === 0) return
  const next = new Map(from)
  let reader: KafkaReader | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      let failed = false
      const refuse = (error: unknown) => {
        failed = true
        reject(error)
      }
      const options = { topic, positions: () => next, maxWaitMs: MAX_WAIT_MS, retries }
      reader = client.reader(options, {
        async batch({ partition, messages }, beat) {
          const end = open.get(partition)
          if (end === undefined || failed) return
          const before = messages.filter(({ offset }) => BigInt(offset) < end)
          // As it is: it may be how the caller leaves.
          if (before.length > 0) await each(partition, before, beat).catch(refuse)
        },
        passed(partition, nextOffset) {
          next.set(partition, nextOffset)
          if (nextOffset >= (open.get(partition) ?? 0n)) open.delete(partition)
          if (open.size === 0) resolve()
        },
        ended: refuse
      })
      reader.start()
    })
  } finally {
    await reader?.close(CLOSE_GRACE_MS)
  }
}

const CLOSE_GRACE_MS = 1_000
