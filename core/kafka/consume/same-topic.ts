import type { Admin } from '../admin/admin.ts'
import type { KafkaRecord } from '../port.ts'

/** What is kept of a record: not its bytes. */
export type LastRecord = Pick<KafkaRecord, 'offset' | 'timestamp'>

/** The last record that was read, by partition. */
export type LastRead = ReadonlyMap<number, LastRecord>

/**
 * Whether the topic is another one of the same name: at the place of the last record that was read
 * stands one of another time. How many records it has does not tell: it may have been filled again.
 */
export async function isAnother(admin: Admin, topic: string, last: LastRead): Promise<boolean> {
  if (last.size === 0) return false
  const ends = await admin.listOffsets(topic)
  const found = await Promise.all(
    ends.map(async ({ partition, low }) => {
      const { offset, timestamp } = last.get(partition) ?? {}
      // What retention has deleted cannot be looked at.
      if (offset === undefined || BigInt(offset) < low) return false
      const place = { topic, partition, offset: Number(offset) }
      const record = await admin.recordAt(place)
      // Compaction may have removed it: what stands behind it says nothing.
      return record?.offset === place.offset && record.timeMs !== Number(timestamp)
    })
  )
  return found.includes(true)
}
