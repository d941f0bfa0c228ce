/** HTTP POST → Kafka, while Node-RED is killed: what was answered 204 is in the topic. */
import assert from 'node:assert/strict'
import { makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const LISTS = process.env.MILLRACE_CRASH ? 6_000 : 1_000
const IN_A_LIST = 10
const SENDERS = 8
const ANSWER_MS = 5_000

const flowOf = (topic: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'http' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' },
  {
    id: 'http',
    type: 'millrace-http-ingest',
    z: 'tab',
    urlPath: 'in/{device_id}',
    access: 'open',
    acknowledge: 'stored',
    wires: [['store'], []]
  },
  {
    id: 'store',
    type: 'millrace-kafka-producer',
    z: 'tab',
    cluster: 'cluster',
    topic,
    wires: [[], []]
  }
]

describe('records by HTTP, when Node-RED is killed', function () {
  this.timeout(120_000)

  it('kill -9, and an end in order, in the middle: what was answered 204 is stored', async () => {
    const { kafka } = await services('kafka')
    const topic = `http-${process.pid}-${Date.now()}`
    await makeTopics(kafka.brokers, { [topic]: 2 })
    const nodeRed = new NodeRedProcess({
      flow: flowOf(topic),
      environment: { KAFKA_BROKERS: kafka.brokers }
    })
    const answered = new Set<number>()
    let next = 0
    /** Sends each of its lists until it is told that it is stored. */
    const sender = async (name: number) => {
      for (let list = next++; list < LISTS; list = next++) {
        const numbers = Array.from({ length: IN_A_LIST }, (_, index) => list * IN_A_LIST + index)
        const body = JSON.stringify(numbers.map(n => ({ n })))
        while ((await post(`${nodeRed.url}/in/d${name}`, body)) !== 204)
          await new Promise(resolve => setTimeout(resolve, 20))
        for (const n of numbers) answered.add(n)
      }
    }
    try {
      await nodeRed.address()
      await nodeRed.start()
      const senders = Promise.all(Array.from({ length: SENDERS }, (_, name) => sender(name)))
      for (const [share, signal] of [
        [0.2, 'SIGKILL'],
        [0.5, 'SIGTERM'],
        [0.7, 'SIGKILL']
      ] as const) {
        await until('some', () => answered.size > share * LISTS * IN_A_LIST, 60_000, 2)
        await nodeRed.end(signal)
        await nodeRed.start()
      }
      await senders
      const stored = new Set<number>()
      for (const { value } of await readTopic(kafka.brokers, topic))
        stored.add((JSON.parse(String(value)) as { n: number }).n)
      assert.deepEqual(
        [...answered].filter(n => !stored.has(n)),
        []
      )
      assert.equal(answered.size, LISTS * IN_A_LIST)
    } finally {
      await nodeRed.remove()
    }
  })
})

/** The status of the answer; 0 where there is none. */
async function post(url: string, body: string): Promise<number> {
  const headers = { 'Content-Type': 'application/json' }
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}
