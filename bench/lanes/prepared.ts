import { firstTime, type Setting } from './lane.ts'

const filled = new WeakMap<object, Map<string, Promise<string>>>()
const ranges = new WeakMap<object, Map<string, { readonly firstMs: number }>>()

/**
 * A topic with so many prepared records, made once a run and read by every contestant in a group of
 * its own.
 */
export function preparedTopic(
  setting: Setting,
  kind: 'raw' | 'clean',
  count: number
): Promise<string> {
  const { field, shape, partitions } = setting
  const topic = `${field.run}-${kind}-${count}-${shape.devices}-${shape.values}-${shape.payloadBytes}-${partitions}`
  const known = filled.get(field) ?? new Map<string, Promise<string>>()
  filled.set(field, known)
  const found = known.get(topic)
  if (found) return found
  const made = fill(setting, topic, kind, count)
  known.set(topic, made)
  return made
}

async function fill(
  { field, shape, partitions }: Setting,
  topic: string,
  kind: 'raw' | 'clean',
  count: number
): Promise<string> {
  await field.topics.create(topic, partitions)
  const firstMs = firstTime()
  const known = ranges.get(field) ?? new Map<string, { readonly firstMs: number }>()
  ranges.set(field, known.set(topic, { firstMs }))
  await field.topics.fill(topic, kind, { from: 0, count, firstMs }, shape, partitions)
  return topic
}

/** The time of the first record of a topic that was prepared. */
export function preparedRange({ field }: Setting, topic: string): { readonly firstMs: number } {
  const range = ranges.get(field)?.get(topic)
  if (range === undefined) throw new Error(`Nothing was prepared in ${topic}.`)
  return range
}

/** Removes what was prepared in this run. */
export async function clearPrepared(field: Setting['field']): Promise<void> {
  const topics = await Promise.all(
    [...(filled.get(field)?.values() ?? [])].map(made => made.catch(() => ''))
  )
  await field.topics.delete(topics)
  filled.delete(field)
}
