// Mostly waits.
/**
 * Kafka → records by a schema that the producer registers → Kafka: Node-RED is killed in the middle
 * of the registration and of writing, and the registry is away meanwhile. No record is lost, and
 * the schema is there once.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { recordWriter } from '../../core/registry/record-writer.ts'
import { committedBy, forgetMembers } from '../kafka-groups.ts'
import { endOf, kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { RegistryServer } from '../servers/registry.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const isLong = process.env.MILLRACE_CRASH !== undefined
const LIST = 500
/** Before the kills, while the registry is away, and behind the last start. */
const LISTS = isLong ? [100, 400, 100] : [6, 24, 6]
const ROUNDS = isLong ? 5 : 1
const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Reading',
  namespace: 'plant',
  fields: [
    { name: 'device_id', type: 'string' },
    { name: 'n', type: 'long' },
    { name: 'value', type: ['null', 'double'], default: null }
  ]
})

/** Stands before the registry: is away, or keeps the answers to registrations back. */
class RegistryGate {
  isAway = false
  keepsAnswers = false
  /** Registrations that the registry has dealt with. */
  registrations = 0
  #target = ''
  readonly #server = createServer((request, response) => {
    this.#pass(request, response).catch(() => response.destroy())
  })

  /** Gives the address that takes the place of this one. */
  async before(url: string): Promise<string> {
    const { origin, pathname } = new URL(url)
    this.#target = origin
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${pathname}`
  }

  end(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isAway) throw new Error('away')
    const { method = 'GET', url = '' } = request
    const type = { 'content-type': request.headers['content-type'] ?? 'application/json' }
    const body = method === 'POST' ? await buffer(request) : null
    const answer = await fetch(this.#target + url, { method, headers: type, body })
    const text = await answer.text()
    if (method === 'POST' && url.endsWith('/versions')) {
      this.registrations++
      if (this.keepsAnswers) return
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  }
}

function flowOf(name: string, brokers: string, url: string): FlowEntry[] {
  const z = 'tab'
  return [
    { id: z, type: 'tab', label: 'registered' },
    { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
    { id: 'registry', type: 'millrace-schema-registry', url, timeoutS: 60 },
    {
      id: 'read',
      type: 'millrace-kafka-consumer',
      z,
      cluster: 'cluster',
      topics: `${name}-in`,
      groupId: name,
      batchSize: 100,
      wires: [['write'], []]
    },
    {
      id: 'write',
      type: 'millrace-kafka-producer',
      z,
      cluster: 'cluster',
      topic: `${name}-out`,
      content: 'registered',
      registry: 'registry',
      schemaFrom: 'pasted',
      schemaKind: 'AVRO',
      schema: SCHEMA,
      register: true,
      wires: [[], []]
    }
  ]
}

const recordOf = (n: number) => ({
  device_id: `d${n % 50}`,
  n,
  ...(n % 3 === 0 ? { value: n / 2 } : {})
})

describe('records by a registered schema, when Node-RED is killed and the registry is away', function () {
  this.timeout(isLong ? 900_000 : 180_000)
  const registry = new RegistryServer()
  const gate = new RegistryGate()
  let url = ''

  before(async function () {
    this.timeout(300_000)
    url = await gate.before(await registry.start())
  })
  after(async () => {
    gate.end()
    await registry.end()
  })

  async function versionsOf(subject: string): Promise<unknown> {
    const found = await fetch(`${registry.url}/subjects/${subject}/versions`)
    return found.ok ? found.json() : []
  }

  for (let round = 0; round < ROUNDS; round++)
    it(`loses none, and registers once, round ${round}`, async () => {
      const name = `registered-${process.pid}-${round}`
      const { brokers } = (await services('kafka')).kafka
      await makeTopics(brokers, { [`${name}-in`]: 4, [`${name}-out`]: 2 })
      const nodeRed = new NodeRedProcess({ flow: flowOf(name, brokers, url) })
      const producer = kafkaOf(brokers).producer()
      let fed = 0
      const feed = async (lists: number) => {
        for (let list = 0; list < lists; list++) {
          const messages = Array.from({ length: LIST }, () => {
            const record = recordOf(fed++)
            return { key: record.device_id, value: JSON.stringify(record) }
          })
          await producer.send({ topic: `${name}-in`, messages })
        }
      }
      const write = async () => (await nodeRed.metrics()).nodes.find(({ id }) => id === 'write')
      const written = async () => (await write())?.counts.stored ?? 0
      const kill = async () => {
        await nodeRed.end('SIGKILL')
        await forgetMembers(brokers, name)
      }
      const [first, away, last] = LISTS as [number, number, number]
      try {
        await producer.connect()
        await feed(first)
        Object.assign(gate, { keepsAnswers: true, isAway: false, registrations: 0 })
        await nodeRed.start()
        await until('the registration', () => gate.registrations > 0, 30_000, 5)
        assert.equal(await written(), 0)
        await kill()
        gate.keepsAnswers = false
        await nodeRed.start()
        await until('some records', async () => (await written()) > 0, 60_000, 5)
        gate.isAway = true
        const feeding = feed(away)
        await until('more records', async () => (await written()) > fed / 2, 60_000, 2)
        await kill()
        await feeding
        await nodeRed.start()
        await until(
          'the status',
          async () => (await write())?.status?.text.includes('registry away'),
          60_000,
          20
        )
        assert.equal(await written(), 0)
        await feed(last)
        gate.isAway = false
        await until(
          'every record to be dealt with',
          async () =>
            (await committedBy(brokers, name, `${name}-in`)) ===
            (await endOf(brokers, `${name}-in`)),
          90_000,
          250
        )
        assert.deepEqual(await versionsOf(`${name}-out-value`), [1])
        assert.equal(await missingIn(brokers, `${name}-out`, fed), 0)
      } finally {
        await producer.disconnect()
        await nodeRed.remove()
      }
    })
})

/** Of so many records, those that are not there. Fails for a value that was never sent. */
async function missingIn(brokers: string, topic: string, records: number): Promise<number> {
  const values = (await readTopic(brokers, topic)).map(({ value }) => value!)
  const id = values[0]!.readUInt32BE(1)
  const write = recordWriter(
    id,
    { kind: 'AVRO', text: SCHEMA, references: [] },
    { messageType: '', extra: 'reject' }
  )
  const expected = new Set(
    Array.from({ length: records }, (_, n) => (write(recordOf(n)) as Buffer).toString('hex'))
  )
  const found = new Set(values.map(value => value.toString('hex')))
  for (const value of found) assert.ok(expected.has(value), value)
  return expected.size - found.size
}
