/** Consumer groups from outside. */
import { clusterOf } from '../core/kafka/kafkajs/log-reader.ts'
import { kafkaOf } from './kafka-topics.ts'

interface Coordinators {
  findGroupCoordinator(asked: { groupId: string }): Promise<{
    leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
  }>
  disconnect(): Promise<void>
}

/**
 * Takes the members of killed processes out of the group at once, as the brokers do by themselves
 * when the session times out, 15 s later: the next start does not have to wait for that.
 */
export async function forgetMembers(brokers: string, groupId: string): Promise<void> {
  const kafka = kafkaOf(brokers)
  const admin = kafka.admin()
  const cluster = clusterOf(kafka) as unknown as Coordinators & { connect(): Promise<void> }
  await Promise.all([admin.connect(), cluster.connect()])
  try {
    const { groups } = await admin.describeGroups([groupId])
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    for (const { memberId } of groups.flatMap(({ members }) => members))
      await coordinator.leaveGroup({ groupId, memberId })
  } finally {
    await Promise.all([admin.disconnect(), cluster.disconnect()])
  }
}

/** What a group has committed of a topic, over all partitions. */
export async function committedBy(
  brokers: string,
  groupId: string,
  topic = groupId
): Promise<number> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  try {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return found!.partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0)
  } finally {
    await admin.disconnect()
  }
}
