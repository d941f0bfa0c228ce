import { pause, retrying } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import type { Admin, PartitionEnds } from '../kafka/admin/admin.ts'
import type { KafkaCluster } from '../kafka/cluster.ts'
import { readToEnd } from '../kafka/consume/read-to-end.ts'
import type { KafkaRecord, TransactionalProducer } from '../kafka/port.ts'
import { bytesOf, type ProduceCallback, ProduceRecord } from '../kafka/produce/produce-record.ts'
import { partsOf, Whole } from './changelog-parts.ts'
import type { StateStore } from './types.ts'

/** Of a topic that is made here. Partitions of the input beyond it share them. */
const PARTITIONS = 16
const SETTINGS = {
  'cleanup.policy': 'compact',
  // Only what lies in a segment that is closed is compacted.
  'segment.bytes': String(64 << 20),
  'min.cleanable.dirty.ratio': '0.2',
  // Each checkpoint removes names. Only who reads from the beginning meanwhile needs to see it.
  'delete.retention.ms': String(10 * 60_000)
}
/** One that died in a transaction of a partition that lies in the same one holds readers up. */
const TRANSACTION_MS = 15_000
const STABLE_MS = 60_000
const LEADER_MS = 10_000
/** A record batch must be smaller than the topic's limit, which is 1 MB by default. */
const BATCH_BYTES = 512_000
const RETRIES = 3

/** A partition of the input, whose state is kept. */
export interface ChangelogPlace {
  readonly cluster: Pick<KafkaCluster, 'client' | 'admin'>
  /** Where it is kept: a topic of one node that remembers. */
  readonly topic: string
  /** `topic/partition` of the input. */
  readonly lane: string
  /** It is not to be opened any more: another member has the partition. */
  isGone?(): boolean
}

/**
 * Opens what is kept of a partition of the input in a compacted Kafka topic, each checkpoint one
 * transaction. The transactional id belongs to the partition: whoever opens it fences the one
 * before, whose checkpoints fail from then on, and reads what that one has left.
 * @throws MillraceError STATE_UNAVAILABLE
 */
export async function openChangelog(place: ChangelogPlace): Promise<StateStore> {
  const { cluster, topic, lane } = place
  let producer: TransactionalProducer | undefined
  try {
    if (lane.startsWith(`${topic}/`)) throw new Error('it is the topic that is read.')
    await cluster.admin.ask(admin => ensureTopic(admin, topic))
    // From here on the one before is fenced, which may be the one that has it now.
    if (place.isGone?.()) throw new Error('another member of the group has the partition now.')
    producer = cluster.client.transactional({
      transactionalId: `millrace-state-${topic}-${lane.replace('/', '-')}`,
      timeoutMs: TRANSACTION_MS
    })
    await producer.connect()
    return new ChangelogStore(place, producer, await keptOf(place))
  } catch (error) {
    await producer?.close(0).catch(() => {})
    throw unavailable(topic, error)
  }
}

async function ensureTopic(admin: Admin, topic: string): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) {
    const policy = await admin.cleanupPolicy(topic)
    if (policy !== undefined && policy !== 'compact')
      throw new Error(`it deletes what is old. Set its cleanup.policy to compact (now ${policy}).`)
    return
  }
  try {
    await admin.createTopics([{ topic, partitions: PARTITIONS, settings: SETTINGS }])
  } catch (error) {
    // Another Node-RED may have made it at the same time.
    if (!(await admin.listTopics()).includes(topic)) throw error
    await admin.requireLeaders(topic)
  }
}

/** What the one before has left. Nobody writes it any more. */
async function keptOf({ cluster, topic, lane }: ChangelogPlace): Promise<Whole> {
  const ends = await stableEnds(cluster.admin, topic, lane)
  const partition = partitionOf(lane, ends.length)
  const kept = new Whole()
  const prefix = prefixOf(lane)
  await readToEnd(cluster.client, {
    topic,
    ends: ends.filter(each => each.partition === partition),
    from: new Map(
      ends.map(each => [each.partition, each.partition === partition ? each.low : each.high])
    ),
    retries: RETRIES,
    async each(from, messages, beat) {
      if (from !== partition) return
      for (const message of messages) take(kept, message, prefix)
      await beat()
    }
  })
  return kept
}

function take(kept: Whole, { key, value }: KafkaRecord, prefix: string): void {
  const name = key?.toString() ?? ''
  if (name.startsWith(prefix)) kept.set(name.slice(prefix.length), value?.toString())
}

/** Where the partitions end, once all that is in the one of this lane now can be read. */
async function stableEnds(
  admin: KafkaCluster['admin'],
  topic: string,
  lane: string
): Promise<readonly PartitionEnds[]> {
  // Of a topic that was just made, a broker may not know yet that it leads it.
  const ask = () => admin.ask(asked => asked.logEnds(topic))
  const logEnds = await retrying(ask, {
    limitMs: LEADER_MS,
    backoff: { maxMs: 1_000 },
    unref: true
  })
  for (const untilMs = performance.now() + STABLE_MS; ; ) {
    const ends = await admin.ask(asked => asked.listOffsets(topic))
    const partition = partitionOf(lane, ends.length)
    const end = logEnds?.find(each => each.partition === partition)?.end ?? 0n
    const high = ends.find(each => each.partition === partition)?.high ?? 0n
    if (high >= end) return ends
    if (performance.now() > untilMs) throw new Error('a transaction in the topic has not ended')
    await pause(50, { unref: true })
  }
}

const partitionOf = (lane: string, partitions: number): number =>
  numberOf(lane) % Math.max(partitions, 1)

const numberOf = (lane: string): number => Number(lane.slice(lane.lastIndexOf('/') + 1))

/** Topic names have no colon. */
const prefixOf = (lane: string): string => `${lane}:`

const unavailable = (topic: string, error: unknown) =>
  new MillraceError(
    'STATE_UNAVAILABLE',
    `What the node remembers cannot be read or written in the Kafka topic "${topic}": ${reasonOf(error)}`,
    { cause: error }
  )

class ChangelogStore implements StateStore {
  constructor(
    private readonly place: ChangelogPlace,
    private readonly producer: TransactionalProducer,
    private readonly kept: Whole
  ) {}

  async *load(): AsyncIterable<readonly [key: string, value: string]> {
    yield* this.kept.entries()
    this.kept.forgetValues()
  }

  /** After an error it is not known what is kept: the store has to be opened anew. */
  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    if (changes.size === 0) return
    const { topic } = this.place
    try {
      const transaction = await this.producer.begin()
      for (const batch of this.#batchesOf(changes))
        for (let rest: readonly ProduceRecord[] = batch; rest.length > 0; )
          rest = (await transaction.send(topic, 'none', rest, 0)).rest
      await transaction.commit()
    } catch (error) {
      throw unavailable(topic, error)
    }
  }

  async clear(): Promise<void> {
    await this.write(new Map(this.kept.names().map(name => [name, undefined])))
  }

  async close(): Promise<void> {
    await this.producer.close(0)
  }

  *#batchesOf(changes: ReadonlyMap<string, string | undefined>): Iterable<ProduceRecord[]> {
    let batch: ProduceRecord[] = []
    let bytes = 0
    for (const record of this.#recordsOf(changes)) {
      const more = bytesOf(record)
      if (bytes + more > BATCH_BYTES && batch.length > 0) {
        yield batch
        batch = []
        bytes = 0
      }
      batch.push(record)
      bytes += more
    }
    if (batch.length > 0) yield batch
  }

  *#recordsOf(changes: ReadonlyMap<string, string | undefined>): Iterable<ProduceRecord> {
    const { lane } = this.place
    const prefix = prefixOf(lane)
    const hash = numberOf(lane)
    for (const [name, value] of changes) {
      const before = this.kept.note(name, value)
      for (const [key, part] of partsOf(name, value, before))
        yield new ProduceRecord(prefix + key, part ?? null, undefined, undefined, hash, NOBODY, 0)
    }
  }
}

/** The transaction says what becomes of all of them. */
const NOBODY: ProduceCallback = { open: 0, refused() {}, finished() {} }
