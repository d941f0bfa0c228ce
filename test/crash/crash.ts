/**
 * One crash in the middle of the pipeline, and what came of every reading that the broker had
 * acknowledged to its device.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { KafkaCluster } from '../../stack/kafka/cluster.ts'
import { ensureTable } from '../../stack/table.ts'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { account, countRows, expectedOf, rowsOf } from '../pipeline/account.ts'
import { type Reading, readings } from '../pipeline/readings.ts'
import { endSession, type Names, namesFor, pipeline, type TabName } from '../pipeline/tabs.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import type { BrokerFault } from './broker-faults.ts'

/** The hop that is under way: device to raw topic, raw to clean topic, clean topic to table. */
export type Hop = 'ingest' | 'process' | 'persist'
export type Target = 'node-red' | 'mqtt' | 'kafka' | 'postgres'
export type How = 'kill -9' | 'stop'

export interface Crash {
  readonly target: Target
  readonly how: How
  readonly hop: Hop
  readonly qos: 1 | 2
  /** Decides at which point of the hop it happens. */
  readonly seed: number
  /** The consumers' offsets are in one Kafka transaction with what the producers write. */
  readonly inTransactions?: boolean
  /**
   * The flows as they are, where a dead letter may be written twice; else its producers leave out
   * what the topic has.
   */
  readonly asShipped?: boolean
}

/** A crash among several Kafka brokers, with as much under way as the machine takes. */
export interface BrokerCrash extends Omit<Crash, 'target' | 'how'> {
  readonly target: BrokerFault
  readonly cluster: KafkaCluster
  readonly readings: number
  readonly perSecond: number
}

export interface Result {
  readonly sent: number
  /** How many a second the MQTT server has acknowledged to the devices. */
  readonly perSecond: number
  readonly acknowledged: number
  readonly stored: number
  readonly deadLetters: number
  readonly lost: readonly string[]
  readonly strange: readonly string[]
  readonly rowsTwice: number
  readonly lettersTwice: number
  /** Messages of the raw topic that are there more often than devices sent them. */
  readonly rawTwice: number
  /** Records of the clean topic that are there more often than the raw topic has them. */
  readonly cleanTwice: number
  /** What Node has warned of, such as listeners that are never taken away. */
  readonly warnings: readonly string[]
}

const READINGS = 6_000
const BEFORE: Record<Hop, TabName[]> = {
  ingest: [],
  process: ['ingest'],
  persist: ['ingest', 'process']
}
const ALL: TabName[] = ['ingest', 'process', 'persist']
/** What the broker takes before this has subscribed for the first time goes to nobody. */
const SUBSCRIBER = 'millrace-mqtt-ingest'
const STALLED_MS = 60_000
const PATIENCE_MS = 120_000
let runs = 0

type Run = (Crash | BrokerCrash) & {
  readonly names: Names
  flowOf(tabs: readonly TabName[]): FlowEntry[]
  readonly sent: readonly Reading[]
  readonly acknowledged: Set<number>
  publishedMs: number
  readonly nodeRed: NodeRedProcess
  readonly mqttUrl: string
  readonly brokers: string
  readonly database: string
}

/** What a crash may be of, in the middle of a hop. */
export interface UnderWay {
  readonly nodeRed: NodeRedProcess
  readonly brokers: string
  /** The consumer groups of the pipeline. */
  readonly groups: readonly string[]
  /** The topic that the hop, or the one before it, is writing. */
  readonly topic: string
}

/**
 * Runs it on the test services; `fault` is what happens when the hop is under way. Rejects if the
 * pipeline does not get over it.
 */
export async function crash(
  which: Crash | BrokerCrash,
  fault: (at: UnderWay) => Promise<void>
): Promise<Result> {
  const { mqtt, postgres } = await services('mqtt', 'postgres')
  const kafka = 'cluster' in which ? which.cluster : (await services('kafka')).kafka
  const names = namesFor(`crash-${process.pid}-${++runs}`)
  await makeTopics(kafka.brokers, { [names.raw]: 4, [names.clean]: 4, [names.deadLetter]: 2 })
  await ensureTable(postgres.url)
  const environment = {
    MQTT_URL: mqtt.url,
    KAFKA_BROKERS: kafka.brokers,
    TIMESCALE_URL: postgres.url,
    NODE_OPTIONS: '--trace-warnings'
  }
  const changes = {
    'millrace-mqtt-ingest': { qos: String(which.qos) },
    'millrace-kafka-consumer': { offsets: which.inTransactions ? 'transaction' : 'later' },
    ...(which.asShipped
      ? {}
      : Object.fromEntries(ALL.map(tab => [`${tab}-dead-letters`, { deduplicationMin: 10 }])))
  }
  const flowOf = (tabs: readonly TabName[]) => pipeline(tabs, names, changes)
  const nodeRed = new NodeRedProcess({ flow: flowOf(ALL), environment })
  const run: Run = {
    ...which,
    names,
    flowOf,
    sent: readings('cluster' in which ? which.readings : READINGS, Date.now()),
    acknowledged: new Set(),
    publishedMs: 0,
    nodeRed,
    mqttUrl: mqtt.url,
    brokers: kafka.brokers,
    database: postgres.url
  }
  try {
    await upTo(run, () => fault(underWay(run)))
    return await result(run)
  } finally {
    await nodeRed.remove()
    await endSession(mqtt.url, names)
  }
}

/** Brings the earlier hops to their end, then crashes the one that is asked for. */
async function upTo(run: Run, fault: () => Promise<void>): Promise<void> {
  const { hop, nodeRed, names, brokers, database, seed } = run
  const share = 0.2 + 0.5 * ((seed * 0.618) % 1)
  if (hop === 'ingest') {
    await nodeRed.start()
    await nodeRed.healthy(SUBSCRIBER)
    const published = publishAll(run)
    await until(
      'the hop to be under way',
      () => run.acknowledged.size > run.sent.length * share,
      PATIENCE_MS,
      5
    )
    await fault()
    await published
    return
  }
  nodeRed.deploy(run.flowOf(BEFORE[hop]))
  await nodeRed.start()
  await nodeRed.healthy(SUBSCRIBER)
  await publishAll(run)
  const reached = hop === 'process' ? names.raw : names.clean
  await settled(`${reached} to be complete`, () => endOf(brokers, reached))
  await nodeRed.end('SIGTERM')
  nodeRed.deploy(run.flowOf(ALL))
  await nodeRed.start()
  const progress = () =>
    hop === 'process' ? endOf(brokers, names.clean) : countRows(database, names.table)
  const goal = expectedOf(run.sent).rows * share
  await until('the hop to be under way', async () => (await progress()) > goal, PATIENCE_MS, 5)
  await fault()
}

async function publishAll(run: Run): Promise<void> {
  const { mqttUrl, sent, qos, acknowledged } = run
  const startMs = performance.now()
  await publish(mqttUrl, sent, {
    qos,
    window: qos === 2 ? 50 : 200,
    ...('cluster' in run ? { perSecond: run.perSecond } : {}),
    onAcknowledged: index => acknowledged.add(index)
  })
  run.publishedMs = performance.now() - startMs
}

const REACHED: Record<Hop, 'raw' | 'clean'> = { ingest: 'raw', process: 'clean', persist: 'clean' }

function underWay({ nodeRed, brokers, names, hop, flowOf }: Run): UnderWay {
  const groups = flowOf(ALL).flatMap(({ groupId }) =>
    typeof groupId === 'string' && groupId !== '' ? [groupId] : []
  )
  return { nodeRed, brokers, groups, topic: names[REACHED[hop]] }
}

async function result({
  names,
  sent,
  acknowledged,
  publishedMs,
  brokers,
  database,
  nodeRed
}: Run): Promise<Result> {
  const known = sent.filter((_reading, index) => acknowledged.has(index))
  const expected = expectedOf(known)
  const found = async () =>
    account(
      sent,
      await rowsOf(database, names.table),
      await readTopic(brokers, names.deadLetter),
      known
    )
  const done = async () =>
    (await countRows(database, names.table)) >= expected.rows &&
    (await endOf(brokers, names.deadLetter)) >= expected.letters &&
    (await found()).lost.length === 0
  await whileItGoesOn(
    done,
    async () => (await countRows(database, names.table)) + (await endOf(brokers, names.clean))
  )
  await until(
    'nothing in flight',
    async () => (await nodeRed.metrics()).nodes.every(({ counts }) => counts.inFlight === 0),
    PATIENCE_MS,
    100
  )
  const toBeClean = sent.filter(becomesClean)
  const bytes = new Set(toBeClean.map(({ payload }) => Buffer.from(payload).toString('latin1')))
  const raw = (await readTopic(brokers, names.raw)).filter(({ value }) =>
    bytes.has(value?.toString('latin1') ?? '')
  ).length
  const cleanTwice = (await readTopic(brokers, names.clean)).length - raw
  const perSecond = Math.round((sent.length / publishedMs) * 1000)
  return {
    ...(await found()),
    rawTwice: raw - toBeClean.length,
    cleanTwice,
    warnings:
      nodeRed.output.match(
        /^.*(?:MaxListenersExceeded|TimeoutNegative|PromiseRejectionHandled)Warning: .*(?:\n +at .*)*/gm
      ) ?? [],
    sent: sent.length,
    perSecond,
    acknowledged: acknowledged.size
  }
}

/** Stored, or rejected by the last hop only. */
const becomesClean = ({ fate }: Reading) => 'stored' in fate || fate.bytes !== undefined

/**
 * Until it is done, or nothing has gone on for a while: how long it may take in all is up to the
 * machine.
 */
async function whileItGoesOn(
  isDone: () => Promise<boolean>,
  progress: () => Promise<number>
): Promise<void> {
  for (
    let [last, stalledMs] = [-1, 0];
    stalledMs < STALLED_MS && !(await isDone().catch(() => false));
    await wait(500)
  ) {
    const now = await progress().catch(() => last)
    if (now !== last) [last, stalledMs] = [now, 0]
    else stalledMs += 500
  }
}

/** Until a number has stayed the same for a second. */
async function settled(what: string, count: () => Promise<number>): Promise<void> {
  let last = -1
  await until(
    what,
    async () => {
      const now = await count()
      const same = now === last && now > 0
      last = now
      return same
    },
    PATIENCE_MS,
    1000
  )
}
