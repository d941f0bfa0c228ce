import type { PartitionEnds } from '../admin/admin.ts'
import { SharedAdmin } from '../admin/shared-admin.ts'
import type { KafkaClient, KafkaRecord } from '../port.ts'
import { readToEnd } from './read-to-end.ts'

/** A message of a topic, as somebody wrote it. */
export interface LastMessage {
  readonly topic: string
  readonly partition: number
  readonly record: KafkaRecord
}

const MOST_MESSAGES = 20
const MAX_BYTES = 256_000
/** A list of more is no look at what comes. */
const MOST_TOPICS = 5
const ASK_MS = 5_000

/**
 * The last messages of these topics, the newest first, read beside every consumer group: nobody's
 * offset moves by it. What is too large is left out.
 * @throws MillraceError where the cluster or a topic cannot be reached
 */
export async function lastMessages(
  client: KafkaClient,
  topics: readonly string[],
  signal: AbortSignal
): Promise<LastMessage[]> {
  const admin = new SharedAdmin(client)
  const found: LastMessage[] = []
  try {
    for (const topic of topics.slice(0, MOST_TOPICS)) {
      const ask = { signal, deadlineMs: ASK_MS }
      await admin.ask(asked => asked.requireLeaders(topic), ask)
      const ends = await admin.ask(asked => asked.listOffsets(topic), ask)
      found.push(...(await lastOf(client, topic, ends, signal)))
    }
  } finally {
    await admin.close()
  }
  return fitting(
    found
      .sort((a, b) => Number(b.record.timestamp) - Number(a.record.timestamp))
      .slice(0, MOST_MESSAGES)
  )
}

function fitting(messages: readonly LastMessage[]): LastMessage[] {
  let left = MAX_BYTES
  return messages.filter(({ record }) => {
    const bytes = sizeOf(record)
    if (bytes > left) return false
    left -= bytes
    return true
  })
}

const sizeOf = ({ key, value, headers = {} }: KafkaRecord): number =>
  (key?.length ?? 0) +
  (value?.length ?? 0) +
  Object.entries(headers).reduce((sum, [name, held]) => sum + name.length + lengthOf(held), 0)

const lengthOf = (held: unknown): number =>
  Array.isArray(held)
    ? held.reduce<number>((sum, each) => sum + lengthOf(each), 0)
    : ((held as { length?: number } | null | undefined)?.length ?? 0)

/** Of each partition the last ones, as many as may be shown in all. */
async function lastOf(
  client: KafkaClient,
  topic: string,
  ends: readonly PartitionEnds[],
  signal: AbortSignal
): Promise<LastMessage[]> {
  const from = new Map(
    ends.map(({ partition, low, high }) => {
      const wanted = high - BigInt(MOST_MESSAGES)
      return [partition, wanted > low ? wanted : low]
    })
  )
  const found: LastMessage[] = []
  let bytes = 0
  await readToEnd(client, {
    topic,
    ends,
    from,
    retries: 1,
    each: async (partition, messages) => {
      signal.throwIfAborted()
      for (const record of messages) {
        const first = from.get(partition) ?? 0n
        // What a batch holds before the wanted offset comes along with it.
        if (BigInt(record.offset) < first || bytes > MOST_HELD) continue
        bytes += sizeOf(record)
        found.push({ topic, partition, record })
      }
    }
  })
  return found
}

/** Of a topic of many partitions, while the newest of them are not known yet. */
const MOST_HELD = 16_000_000
