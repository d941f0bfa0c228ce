/** Records that kill or freeze Node-RED, and come again after each start. */
// Mostly waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { forgetMembers } from '../kafka-groups.ts'
import { endOf, type Found, kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const RECORDS = 30
const KILLER = 17
const LIMIT_MS = 240_000
/** Who does not answer for so long, once it has answered, is frozen. */
const FROZEN_MS = 5_000

const FREEZES = 'for (const record of msg.payload) while (record.kills) {}\nreturn msg'
const EXITS = 'for (const record of msg.payload) if (record.kills) proc.exit(1)\nreturn msg'

const texts = Array.from({ length: RECORDS }, (_, index) =>
  JSON.stringify({ index, kills: index === KILLER })
)
const good = texts.filter((_, index) => index !== KILLER)

interface Topics {
  readonly raw: string
  readonly clean: string
  readonly letters: string
}

const topicsOf = (name: string): Topics => ({
  raw: `raw-${name}-${process.pid}`,
  clean: `clean-${name}-${process.pid}`,
  letters: `letters-${name}-${process.pid}`
})

/**
 * A source, a Function node that some record kills, and producers for what came through and for
 * dead letters.
 */
function flow(
  brokers: string,
  { clean, letters }: Topics,
  source: readonly FlowEntry[],
  func: string
): FlowEntry[] {
  return [
    { id: 'tab', type: 'tab' },
    { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
    ...source,
    {
      id: 'code',
      z: 'tab',
      type: 'function',
      func,
      libs: [{ var: 'proc', module: 'process' }],
      outputs: 1,
      wires: [['clean']]
    },
    {
      id: 'clean',
      z: 'tab',
      type: 'millrace-kafka-producer',
      cluster: 'cluster',
      topic: clean,
      wires: [[], []]
    },
    {
      id: 'letters',
      z: 'tab',
      type: 'millrace-kafka-producer',
      cluster: 'cluster',
      topic: letters,
      wires: [[], []]
    }
  ]
}

describe('a record that kills Node-RED', function () {
  this.timeout(LIMIT_MS + 60_000)
  let brokers = ''
  let nodeRed: NodeRedProcess | undefined
  before(async () => {
    brokers = (await services('kafka')).kafka.brokers
  })
  afterEach(() => nodeRed?.remove())

  it('by freezing it is set aside by a kafka consumer, and the others arrive in order', async () => {
    const topics = topicsOf('freeze')
    await makeTopics(brokers, { [topics.raw]: 1, [topics.clean]: 1, [topics.letters]: 1 })
    await produce(topics.raw)
    const source = {
      id: 'read',
      z: 'tab',
      type: 'millrace-kafka-consumer',
      cluster: 'cluster',
      topics: topics.raw,
      groupId: topics.raw
    }
    nodeRed = new NodeRedProcess({
      flow: flow(brokers, topics, [{ ...source, wires: [['code'], ['letters']] }], FREEZES)
    })
    await supervise(
      nodeRed,
      () => isThrough(topics),
      () => forgetMembers(brokers, topics.raw)
    )
    const { passed, letters } = await found(topics)
    // What was not committed when Node-RED was killed goes through the flow again.
    assert.deepEqual([...new Set(passed)], good)
    holds(letters)
  })

  it('by ending it is set aside by an mqtt ingest, and the others arrive', async () => {
    const topics = topicsOf('exit')
    const { url } = (await services('mqtt')).mqtt
    await makeTopics(brokers, { [topics.clean]: 1, [topics.letters]: 1 })
    const source: FlowEntry[] = [
      { id: 'server', type: 'millrace-mqtt-broker', url, clientId: `kill-${process.pid}` },
      {
        id: 'take',
        z: 'tab',
        type: 'millrace-mqtt-ingest',
        broker: 'server',
        topic: `${topics.raw}/{id}`,
        wires: [['code'], ['letters']]
      }
    ]
    nodeRed = new NodeRedProcess({ flow: flow(brokers, topics, source, EXITS) })
    await nodeRed.start()
    await nodeRed.healthy('millrace-mqtt-ingest')
    await nodeRed.end('SIGTERM')
    await publish(
      url,
      texts.map(payload => ({ topic: `${topics.raw}/one`, payload }))
    )
    await supervise(nodeRed, () => isThrough(topics))
    const { passed, letters } = await found(topics)
    // In which order a server brings again what several lives had is its own.
    const indexes = new Set(passed.map(text => JSON.parse(text).index as number))
    assert.deepEqual(
      [...indexes].sort((a, b) => a - b),
      good.map(text => JSON.parse(text).index)
    )
    holds(letters)
  })

  it('is not taken for one that waits for a service while Node-RED is killed again and again', async () => {
    const topics = topicsOf('wait')
    await makeTopics(brokers, { [topics.raw]: 1, [topics.letters]: 1 })
    await produce(topics.raw)
    const source = {
      id: 'read',
      z: 'tab',
      type: 'millrace-kafka-consumer',
      cluster: 'cluster',
      topics: topics.raw,
      groupId: topics.raw
    }
    const nodes = flow(
      brokers,
      topics,
      [{ ...source, wires: [['code'], ['letters']] }],
      'return msg'
    )
    nodeRed = new NodeRedProcess({ flow: nodes })
    for (let count = 0; count < 5; count++) {
      await nodeRed.start()
      await until('the records to wait for their topic', () => isWaiting(nodeRed!), 60_000, 100)
      await nodeRed.end('SIGKILL')
      await forgetMembers(brokers, topics.raw)
    }
    await makeTopics(brokers, { [topics.clean]: 1 })
    await nodeRed.start()
    await until(
      'all records',
      async () => (await endOf(brokers, topics.clean)) >= RECORDS,
      60_000,
      100
    )
    assert.equal(await endOf(brokers, topics.letters), 0)
  })

  /**
   * The producer has records; where they go on one at a time, it has had its one for as long as it
   * takes to say that it waits.
   */
  async function isWaiting(process: NodeRedProcess): Promise<boolean> {
    const clean = (await process.metrics()).nodes.find(({ id }) => id === 'clean')
    if ((clean?.counts.inFlight ?? 0) === 0) return false
    const lanes = JSON.parse(
      readFileSync(join(process.userDir, 'millrace', 'starts', 'read.json'), 'utf8')
    ) as Record<string, { starts: number; trial?: { isOpen: boolean } }>
    return Object.values(lanes).every(
      ({ starts, trial }) => (starts < 3 && trial === undefined) || trial?.isOpen === false
    )
  }

  async function produce(topic: string): Promise<void> {
    const producer = kafkaOf(brokers).producer()
    await producer.connect()
    await producer.send({ topic, messages: texts.map(value => ({ value })) })
    await producer.disconnect()
  }

  const isThrough = async ({ clean, letters }: Topics) =>
    (await endOf(brokers, letters)) > 0 && (await endOf(brokers, clean)) >= good.length

  async function found({
    clean,
    letters
  }: Topics): Promise<{ passed: string[]; letters: Found[] }> {
    return {
      passed: (await readTopic(brokers, clean)).map(({ value }) => String(value)),
      letters: await readTopic(brokers, letters)
    }
  }
})

/** One dead letter, with the bytes of the killer and the reason. */
function holds(letters: readonly Found[]): void {
  assert.deepEqual(
    letters.map(({ value, headers }) => [String(value), headers['millrace.reason.code']]),
    [[texts[KILLER], 'RECORD_KILLS']]
  )
  assert.match(letters[0]?.headers['millrace.reason.message'] ?? '', /killed or froze 2 times/)
}

/**
 * Starts it again whenever it has ended or is frozen, as a service manager with a watchdog does,
 * until all is through. `killed` is called after each time that it had to be killed.
 */
async function supervise(
  nodeRed: NodeRedProcess,
  isThrough: () => Promise<boolean>,
  killed?: () => Promise<void>
): Promise<void> {
  let answeredMs: number | undefined
  await until(
    `all records to be through\n${nodeRed.output.slice(-3000)}`,
    async () => {
      if (!nodeRed.isRunning) {
        answeredMs = undefined
        await nodeRed.launch()
      }
      try {
        await nodeRed.metrics(1_000)
        answeredMs = performance.now()
      } catch {
        if (answeredMs !== undefined && performance.now() - answeredMs > FROZEN_MS)
          await nodeRed.end('SIGKILL').then(killed)
      }
      return nodeRed.isRunning && (await isThrough())
    },
    LIMIT_MS,
    200
  )
}
