import { reasonOf } from '../../core/errors.ts'
import type { Admin } from '../../core/kafka/admin/admin.ts'
import { type GroupLag, readLag } from '../../core/kafka/admin/lag.ts'
import { RecordTimes } from '../../core/kafka/admin/record-times.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { type OperatorAnswer, QUESTIONS, spanText } from '../../core/node/answer.ts'

/** Between two looks at the ends of a topic. */
const WINDOW_MS = 2_000
/** What waits for so long is more than a burst. */
const OLD_MS = 60_000
const VERY_OLD_MS = 900_000

/** How far the group is behind, and what its topics get, for doctor. */
export async function examined(
  cluster: KafkaCluster,
  groupId: string,
  topics: readonly string[]
): Promise<OperatorAnswer[]> {
  try {
    return await cluster.admin.ask(async admin => {
      const [lag, rates] = await Promise.all([
        lagOf(cluster, admin, groupId, topics),
        Promise.all(topics.map(topic => rateOf(admin, topic)))
      ])
      return [lag, ...rates]
    })
  } catch (error) {
    const todo =
      'See whether the brokers run and can be reached from here; records wait in Kafka meanwhile.'
    const found = reasonOf(error)
    return [{ question: QUESTIONS.lag, about: groupId, found, state: 'bad', todo }]
  }
}

async function rateOf(admin: Admin, topic: string): Promise<OperatorAnswer> {
  const before = await endOf(admin, topic)
  const sinceMs = performance.now()
  await new Promise(resolve => setTimeout(resolve, WINDOW_MS))
  const records = Number((await endOf(admin, topic)) - before)
  const perSecond = Math.round((records * 10_000) / (performance.now() - sinceMs)) / 10
  return {
    question: QUESTIONS.rate,
    about: `topic ${topic}`,
    found: `${perSecond} records/s`,
    state: 'well'
  }
}

const endOf = async (admin: Admin, topic: string): Promise<bigint> =>
  (await admin.listOffsets(topic)).reduce((sum, { high }) => sum + high, 0n)

async function lagOf(
  cluster: KafkaCluster,
  admin: Admin,
  groupId: string,
  topics: readonly string[]
): Promise<OperatorAnswer> {
  const positions = (group: string) => cluster.positionsOf(group)
  const [lag] = await readLag(admin, [groupId], topic => topics.includes(topic), positions)
  const gathered = cluster.gatheredOf(groupId)
  const known = gathered > 0 ? ownPart(lag!) : lag!
  const oldestMs = await ageOf(known, admin)
  return { question: QUESTIONS.lag, about: groupId, ...verdictOf(known, oldestMs, gathered) }
}

/**
 * Where a sink gathers, what other members have committed does not say what they have dealt with:
 * each Node-RED answers for its own partitions.
 */
function ownPart(lag: GroupLag): GroupLag {
  const partitions = lag.partitions.filter(({ position }) => position !== undefined)
  return { ...lag, partitions, total: partitions.reduce((sum, each) => sum + each.lag, 0) }
}

/** Of the oldest record that was not dealt with; undefined where that is not known. */
async function ageOf({ partitions }: GroupLag, admin: Admin): Promise<number | undefined> {
  const places = partitions
    .filter(({ lag }) => lag > 0)
    .map(({ topic, partition, end, lag }) => ({ topic, partition, offset: end - lag }))
  if (places.length === 0) return undefined
  const times = await new RecordTimes().of(places, admin).catch(() => new Map<string, number>())
  return times.size === 0 ? undefined : Date.now() - Math.min(...times.values())
}

/**
 * What is said of a lag.
 * @param gathered so many records are no part of it: a sink has them, and has not stored them
 */
export function verdictOf(
  { total, members, state }: Pick<GroupLag, 'total' | 'members' | 'state'>,
  oldestMs: number | undefined,
  gathered = 0
): Pick<OperatorAnswer, 'found' | 'state' | 'todo'> {
  const age = oldestMs === undefined ? '' : `, the oldest ${spanText(Math.max(0, oldestMs))} old`
  const kept = gathered === 0 ? '' : `; ${gathered} are gathered for a file`
  const found = `${total} records behind${age}${kept}; ${members ?? '?'} members, ${state}`
  if (total > 0 && members === 0)
    return {
      found,
      state: 'bad',
      todo: 'Nobody reads: see whether the Node-RED of this group runs, and what its consumer says.'
    }
  if (oldestMs === undefined || oldestMs < OLD_MS) return { found, state: 'well' }
  return {
    found,
    state: oldestMs < VERY_OLD_MS ? 'look' : 'bad',
    todo: 'What comes behind the consumer is slower than the topic, or waits: see the sink and its database; else more partitions and a further Node-RED.'
  }
}
