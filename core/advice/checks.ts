import { type CheckCode, codesOf } from './codes.ts'
import type { FlowEntry, FlowGraph } from './flow.ts'
import type { Learnt } from './learnt.ts'

/** Something of a flow that works, and will hurt. */
export interface Advice {
  readonly code: CheckCode
  /** A few words, for the status. */
  readonly words: string
  /** What is so, why it hurts, and how to mend it. */
  readonly sentence: string
}

/** What is asked about a node. */
export interface AskedOf {
  readonly entry: FlowEntry
  readonly outputs: readonly string[]
  /** As its spec reads them, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>
  readonly flow: FlowGraph
  readonly facts: Learnt
}

interface Check {
  readonly code: CheckCode
  readonly words: string
  /** The sentence where it applies. */
  find(subject: AskedOf): string | undefined
}

/** A source that takes more should not depend on the database being there. */
const MANY_A_SECOND = 1000

/** Keep records while what comes behind them is away. */
const BUFFERS =
  /^millrace-(kafka-producer|kinesis-producer|store-and-forward|mqtt-publish|amqp-publish)$/
const OWN_DATABASES = /^millrace-(timescale|influx)-sink$/
/** Nodes of others that ask or fill a database. */
const OTHER_DATABASES =
  /^(postgres(ql|tor)?|stackhero-(postgresql|mysql)|mysql|mssql(-plus)?|sqlite|oracledb|influxdb (in|out|batch)|mongodb[ \w-]*|timescaledb?)$/i
const isDatabase = ({ type }: FlowEntry) => OWN_DATABASES.test(type) || OTHER_DATABASES.test(type)
const isOwn = ({ type }: FlowEntry) => type.startsWith('millrace-')

/** Where a source takes from another system, and says when it has been dealt with. */
const isSource = ({ options }: AskedOf) => typeof options.maxInFlight === 'number'

const CHECKS: readonly Check[] = [
  {
    code: 'REJECTED_UNWIRED',
    words: 'rejected unwired',
    find(subject) {
      const { entry, outputs, options, flow } = subject
      const output = outputs.indexOf('rejected')
      if (output < 0 || (entry.wires?.[output]?.length ?? 0) > 0) return undefined
      // Whoever takes records whatever becomes of them has said so.
      if (options.acknowledge === 'received') return undefined
      if (!isSource(subject) && (!hasSource(entry, flow) || isForRejected(entry, flow)))
        return undefined
      const wire =
        'Wire it, to a kafka producer with a dead-letter topic or to a store of your own.'
      const leads = 'The output "rejected" leads nowhere'
      if (!isSource(subject)) return `${leads}: records that are rejected are lost. ${wire}`
      return options.acknowledge === 'stored'
        ? `${leads}, so nobody stores what leaves by it: it is sent again for ever and keeps the messages behind it from being acknowledged. ${wire}`
        : `${leads}: messages that are no records are lost, and what the flow fails to deal with is sent again for ever and keeps the messages behind it from being acknowledged. ${wire}`
    }
  },
  {
    code: 'DIRECT_TO_DATABASE',
    words: 'no buffer',
    find(subject) {
      const { entry, flow, facts } = subject
      const { recordsPerSecond = 0 } = facts
      if (!isSource(subject) || recordsPerSecond < MANY_A_SECOND) return undefined
      if (/^millrace-(kafka|kinesis)-consumer$/.test(entry.type)) return undefined
      const ends = flow.reached(
        entry,
        'behind',
        each => BUFFERS.test(each.type) || isDatabase(each)
      )
      const database = ends.find(isDatabase)
      if (database === undefined) return undefined
      return `${Math.round(recordsPerSecond)} records a second go straight into a database (${nameOf(database)}): while it is away they wait on the other side, as long as that has room. Put a kafka producer and a kafka consumer between, or a store and forward.`
    }
  },
  {
    code: 'FLAT_TOPIC',
    words: 'flat topic',
    find({ entry, options }) {
      if (entry.type !== 'millrace-mqtt-ingest') return undefined
      const topic = String(options.topic ?? '')
      if (!isFlat(topic)) return undefined
      return `The topic "${topic}" is flat: nobody can subscribe to one site or one device, and everybody gets everything. Let devices publish to {org}/{site}/{device_type}/{device_id}/{measurement}, or to levels of your own.`
    }
  },
  {
    code: 'POLLED_TABLE',
    words: 'polls a table',
    find({ entry, flow }) {
      const reached = flow.reached(entry, 'before', each => isOwn(each) || repeats(each))
      const database = reached.find(
        each => OTHER_DATABASES.test(each.type) && flow.reached(each, 'before', isOwn).some(repeats)
      )
      if (database === undefined) return undefined
      return `A timer asks a table for rows again and again (${nameOf(database)}): that locks the table, comes late, and costs more the larger it is. Let what writes the table write to a topic as well, and consume that with a kafka consumer.`
    }
  },
  {
    code: 'NO_RETENTION',
    words: 'no retention',
    find({ facts: { table } }) {
      if (table === undefined || table.isSmall || table.hasRetention) return undefined
      if (!table.hasTimescale)
        return `TimescaleDB is not installed in this database: ${table.name} is a plain table, without chunks, compression and retention, and will become slow and large. Install TimescaleDB, or delete old rows with a job of your own.`
      const { hypertable, retention } = table.statements
      const first = table.isPlain ? `It is no hypertable: ${hypertable} makes it one. Then ` : ''
      return `Nothing deletes old rows of ${table.name}: it grows until the disk is full. ${first}${retention} deletes them, after as long as it says.`
    }
  },
  {
    code: 'NO_COMPRESSION',
    words: 'no compression',
    find({ facts: { table } }) {
      if (table === undefined || table.isSmall || table.hasCompression) return undefined
      if (!table.hasTimescale || table.isPlain) return undefined
      return `Nothing compresses old rows of ${table.name}. ${table.statements.compression} makes them ten to twenty times smaller.`
    }
  },
  {
    code: 'NO_UNIQUE_KEY',
    words: 'no unique key',
    find: ({ facts }) => facts.unprotected
  },
  {
    code: 'MEMBER_IDLE',
    words: 'no partition left',
    find({ facts: { partitions, group } }) {
      if (partitions !== 0) return undefined
      return `This member of the group "${group}" gets no partition: the group has more members than the topics have partitions, so it reads nothing. Give the topics more partitions (at least twice the members), or take members away; as a spare for one that fails it may stay.`
    }
  },
  {
    code: 'QOS_0_NOT_STORED',
    words: 'QoS 0: not kept',
    find({ options }) {
      if (options.qos !== '0' || options.acknowledge !== 'stored') return undefined
      return 'QoS 0 has no acknowledgement: what is on its way is lost when Node-RED ends, though "Acknowledge" says when a sink has stored it. Subscribe with QoS 1, and let devices publish with it.'
    }
  },
  {
    code: 'JOIN_EXCEEDS_IN_FLIGHT',
    words: 'join > in flight',
    find(subject) {
      if (!isSource(subject) || subject.options.acknowledge === 'received') return undefined
      const { entry, flow, options } = subject
      const behind = flow.reached(entry, 'behind', endsWaiting)
      for (const each of behind) {
        const messages = collects(each)
        const most = mostMessages(subject)
        if (messages === undefined || messages <= most) continue
        const size = Number(options.batchSize ?? 1)
        const full = size > 1 ? ` of up to ${size} records each` : ''
        return `A join or batch node, ${nameOf(each)}, waits for ${messages} messages, but only ${most}${full} may be in flight: under load the flow stands still. Raise "Records in flight" to ${messages * size}${options.perPartition === undefined ? '' : ` and "Per partition" to ${messages}`}, or let it wait for fewer.`
      }
      return undefined
    }
  }
]

/** Something comes by itself; what a person sends by a button is there to be looked at. */
const hasSource = (entry: FlowEntry, flow: FlowGraph): boolean =>
  flow
    .reached(entry, 'before', () => false)
    .some(each => each.type !== 'inject' && flow.before(each).length === 0)

/** It takes what others have rejected, by their last output: there is nobody left to give it to. */
function isForRejected(entry: FlowEntry, flow: FlowGraph): boolean {
  const before = flow.before(entry).filter(isOwn)
  const isRejecting = ({ wires = [] }: FlowEntry) =>
    wires.length > 1 && wires.every((to, at) => at === wires.length - 1 || !to.includes(entry.id))
  return before.length > 0 && before.every(isRejecting)
}

/** What is to be said of a node; of what it leaves out by its option nothing. */
export function findings(subject: AskedOf): Advice[] {
  const leftOut = new Set(codesOf(subject.options.checksOff))
  return CHECKS.flatMap(check => {
    if (leftOut.has(check.code)) return []
    const sentence = check.find(subject)
    return sentence === undefined ? [] : [{ code: check.code, words: check.words, sentence }]
  })
}

const nameOf = ({ name, type, id }: FlowEntry): string =>
  typeof name === 'string' && name !== ''
    ? `"${name}"`
    : `the node "${type.replace(/^millrace-/, '')}" (${id})`

/**
 * One level, or two that no field and no wildcard is in. `#` alone listens to all there is, which
 * says nothing of how devices name their topics.
 */
function isFlat(topic: string): boolean {
  const levels = topic.split('/').filter(level => level !== '')
  if (levels.length === 0 || topic.startsWith('#')) return false
  return levels.length === 1 || (levels.length === 2 && !/[{+#]/.test(topic))
}

/** An inject node that fires by itself more than once. */
const repeats = ({ type, repeat, crontab }: FlowEntry): boolean =>
  type === 'inject' && (Number(repeat) > 0 || (typeof crontab === 'string' && crontab !== ''))

/** What ends the wait of a source for its flow, or makes other messages of what it sent. */
const endsWaiting = (entry: FlowEntry): boolean =>
  BUFFERS.test(entry.type) || isDatabase(entry) || entry.type === 'split'

/** How many messages a join or batch node waits for. */
function collects({ type, mode, count }: FlowEntry): number | undefined {
  const isCounted =
    (type === 'join' && mode === 'custom') || (type === 'batch' && (mode ?? 'count') === 'count')
  const messages = Number(count)
  return isCounted && messages > 0 ? messages : undefined
}

/** How many messages of a source may be on their way under load, when each is full. */
function mostMessages({ options, facts }: AskedOf): number {
  const { maxInFlight, batchSize = 1, perPartition } = options as Record<string, number>
  const inAll = Math.max(1, Math.floor(maxInFlight! / batchSize))
  if (perPartition === undefined || facts.partitions === undefined) return inAll
  const each = options.order === 'strict' ? 1 : perPartition
  return Math.min(inAll, Math.max(1, facts.partitions) * each)
}
