import assert from 'node:assert/strict'
import { HEADER } from '../../../core/dead-letter/headers.ts'
import type { Learned } from '../../../core/learn/learned.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

interface Heard {
  readonly topic: string
  readonly bytes: string
  readonly taken: readonly { readonly key: unknown; readonly headers: object }[]
}

interface Shown {
  readonly ok: boolean
  readonly message?: string
  readonly heard?: readonly Heard[]
  readonly outputs?: readonly { count: number; records: { record: unknown }[] }[]
  readonly findings?: Learned['findings']
}

describe('the dialog of the kafka consumer', function () {
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

  async function post(route: string, body: object): Promise<Shown> {
    const response = await fetch(`${flow.nodeRed.url}/millrace/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    return (await response.json()) as Shown
  }
  const heardOf = (topics: string) =>
    post('probe/millrace-kafka-cluster', {
      action: 'kafka-messages',
      id: '',
      values: { brokers: rig.brokers },
      query: { topics }
    })
  const ask = (action: 'preview' | 'learn', given: unknown, values: object = {}) =>
    post('preview/millrace-kafka-consumer', { action, id: 'new', values, given })
  const given = ({ topic, bytes, taken }: Heard) => ({ topic, bytes, taken })

  it('hears the last messages of a topic, the newest first, and moves no offset', async () => {
    const topic = await rig.topic(3)
    const messages = Array.from({ length: 60 }, (_, n) => ({
      key: `d${n}`,
      value: JSON.stringify({ n }),
      partition: n % 3,
      timestamp: String(1_700_000_000_000 + n),
      headers: { site: 'north' }
    }))
    await rig.feed.send({ topic, messages })
    const { heard = [] } = await heardOf(topic)
    const values = heard.map(({ bytes }) => JSON.parse(Buffer.from(bytes, 'base64').toString()).n)
    assert.deepEqual(
      values,
      Array.from({ length: 20 }, (_, index) => 59 - index)
    )
    assert.deepEqual(heard[0]!.taken[0]!.key, { $bytes: Buffer.from('d59').toString('base64') })
    assert.deepEqual(Object.keys(heard[0]!.taken[0]!.headers), ['site'])
  })

  it('leaves out what is too large to be shown, and says why where a topic is not there', async () => {
    const topic = await rig.topic(1)
    const large = 'x'.repeat(200_000)
    const messages = [large, large, '{"n":1}'].map(value => ({ value, partition: 0 }))
    await rig.feed.send({ topic, messages })
    assert.equal((await heardOf(topic)).heard?.length, 2)
    assert.match((await heardOf('not-there')).message ?? '', /not-there/)
  })

  it('shows what leaves with the settings of the dialog, headers and key with it', async () => {
    const topic = await rig.topic(1)
    const value = '[{"device_id":"d1","value":1},{"device_id":"d2","value":2}]'
    await rig.feed.send({ topic, messages: [{ key: 'k', value, headers: { a: 'b' } }] })
    const { heard = [] } = await heardOf(topic)
    const lists = { output: 'decoded', format: 'json', at: 'list' }
    const [records, rejected] = (await ask('preview', given(heard[0]!), lists)).outputs!
    assert.deepEqual([records!.count, rejected!.count], [2, 0])
    const asMessages = await ask('preview', given(heard[0]!), { output: 'messages' })
    assert.match(JSON.stringify(asMessages.outputs![0]!.records[0]), /"a":/)
    const asRecords = await ask('preview', { topic, text: '{"a":1}' })
    assert.deepEqual(asRecords.outputs![0]!.records[0]!.record, { a: 1 })
  })

  it('learns a format, and that messages are dead letters', async () => {
    const topic = await rig.topic(1)
    const csv = 'device_id;value\nd1;1\nd2;2\n'
    await rig.feed.send({ topic, messages: [{ value: csv }] })
    const settings = async () => {
      const { heard = [] } = await heardOf(topic)
      const { findings = [] } = await ask('learn', heard.slice(0, 1).map(given))
      return Object.assign({}, ...findings.map(finding => finding.settings)) as object
    }
    assert.deepEqual(await settings(), { output: 'decoded', format: 'csv', delimiter: 'semicolon' })
    const headers = { [HEADER.code]: 'JSON_INVALID', [HEADER.stage]: 'mqtt-ingest' }
    await rig.feed.send({ topic, messages: [{ value: '{"a":', headers }] })
    assert.deepEqual(await settings(), { output: 'letters' })
  })
})
