import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { kafkajsClient } from '../../../core/kafka/kafkajs/kafkajs-client.ts'
import { Replay } from '../../../nodes/dead-letter-replay/replay.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { type Found, readTopic } from '../../kafka-topics.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

/** What a record has that came with headers of which some stand several times. */
const CAME = { h: ['1', '2', '3'], one: ['x'] }

describe('headers that come several times, from topic to topic', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow
  before(async () => {
    rig = await kafkaRig()
    flow = await startKafkaFlow()
  })
  after(async () => {
    await flow.stop()
    await rig.close()
  })

  /**
   * Sends one record with such headers through a consumer into a producer; gives what came out of
   * it.
   */
  async function through(
    value: string,
    consumer: object,
    producer: object,
    output = 0
  ): Promise<{ from: string; to: string; found: Found }> {
    const [from, to] = [await rig.topic(1), await rig.topic(1)]
    await rig.feed.send({
      topic: from,
      messages: [{ value, headers: { h: ['1', '2', '3'], one: 'x' } }]
    })
    const wires = output === 0 ? [['write'], []] : [[], ['write']]
    await flow.deploy(rig.brokers, [
      {
        id: 'read',
        type: 'millrace-kafka-consumer',
        topics: from,
        groupId: `g-${randomUUID()}`,
        ...consumer,
        wires
      },
      {
        id: 'write',
        type: 'millrace-kafka-producer',
        topic: to,
        provenance: false,
        ...producer,
        wires: [[], []]
      }
    ])
    const [found] = await until('the copy', async () => {
      const all = await readTopic(rig.brokers, to)
      return all.length > 0 ? all : undefined
    })
    return { from, to, found: found! }
  }

  const copies: [name: string, consumer: object, producer: object][] = [
    ['a copy of a topic', { output: 'messages' }, {}],
    ['a copy of a topic in transactions', { output: 'messages', offsets: 'transaction' }, {}],
    ['records whose headers are kept', {}, { keepHeaders: true }]
  ]
  for (const [name, consumer, producer] of copies) {
    it(`kafka-header-repeated: ${name} has all of them, in order`, async () => {
      const { found } = await through('{"device_id":"d"}', consumer, producer)
      assert.deepEqual(found.headerValues, CAME)
    })
  }

  it('dead-letter-header-repeated: a dead letter has them, and its replay gives them back', async () => {
    const { from, to, found } = await through('not json', {}, {}, 1)
    assert.deepEqual(
      [found.headerValues.h, found.headerValues.one, found.headers['millrace.reason.code']],
      [CAME.h, CAME.one, 'JSON_INVALID']
    )
    const replay = new Replay({
      client: kafkajsClient({ brokers: [rig.brokers], clientId: 'test' }),
      topic: to,
      ledgerTopic: `${to}-replayed`,
      ingestTopic: from,
      perSecond: 1000,
      filter: { codes: new Set(), sinceMs: 0, untilMs: Number.POSITIVE_INFINITY },
      onProgress: () => undefined
    })
    assert.equal((await replay.run()).replayed, 1)
    const [, again] = await readTopic(rig.brokers, from)
    assert.deepEqual(again?.headerValues, { ...CAME, 'millrace.replays': ['1'] })
  })
})
