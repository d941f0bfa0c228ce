import { partitionOf } from './group-ledgers.ts'
import type { StillPlace } from './standstill.ts'

/** What a person should know of a group, besides what its start tells. */
export const deletedSentence = (topic: string, partition: number): string =>
  `Records of partition ${partition} of "${topic}" were deleted before being read (retention).`

/** Records wait, and do not come, though the group looks well. */
export function stuckSentence(places: readonly StillPlace[]): string {
  const records = places.reduce((sum, place) => sum + place.records, 0)
  const what = records === 1 ? '1 record waits' : `${records} records wait`
  const listed = places.slice(0, LISTED).map(({ key, records: waiting }) => {
    const { topic, partition } = partitionOf(key)
    return `${waiting} in partition ${partition} of "${topic}"`
  })
  const more = places.length > LISTED ? `, and in ${places.length - LISTED} more partitions` : ''
  return `${what} in Kafka and nothing has come for some seconds, though nothing is on its way in the flow: ${listed.join(', ')}${more}. If that lasts, look at the brokers that lead these partitions.`
}

export const REPLACED = 'What waits in Kafka does not come, so the node joins its group anew.'

/** It has nothing to read, though there is enough for all members. */
export const leftOutSentence = (groupId: string, partitions: number, members: number): string =>
  `This node has no partition, though its topics have ${partitions} and the group "${groupId}" has ${members === 1 ? '1 member' : `${members} members`}. Do all members read the same topics? Else choose another group.`

/** A partition that is left out may be one of thousands. */
const LISTED = 8

/** Topics are shared out among all members, so those of one member alone are read by nobody. */
export function foreignSentence(groupId: string, topics: readonly string[]): string {
  const others = topics.map(topic => `"${topic}"`).join(', ')
  const rule = 'all members of a group must read the same topics'
  return `Another member of the group "${groupId}" reads ${others}: ${rule}. Choose another group.`
}
