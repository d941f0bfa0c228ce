// Mostly waits.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jsonText } from '../../../core/record/json-write.ts'
import type { Rejection } from '../../../core/record/record.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { type Confluent, confluent } from '../../servers/confluent.ts'
import { RegistryServer } from '../../servers/registry.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'
import { PLANT } from './plant.ts'

/** No double holds it. */
const BEYOND = '9007199254740993'
const PLAIN = '{"type":"object","properties":{}}'

describe('kafka-consumer by a schema registry', function () {
  this.timeout(60_000)
  const registry = new RegistryServer()
  let rig: Rig
  let flow: KafkaFlow
  let theirs: Confluent
  let client: object

  before(async function () {
    this.timeout(300_000)
    rig = await kafkaRig()
    flow = await startKafkaFlow()
    theirs = await confluent()
    const url = await registry.start()
    client = new theirs.SchemaRegistryClient({ baseURLs: [url] })
  })
  after(async () => {
    await flow.stop()
    await rig.close()
    await registry.end()
  })
  beforeEach(() => {
    for (const id of ['good', 'bad'])
      Object.assign(flow.seen(id), { holds: false, fails: 0 }).arrived.length = 0
  })

  const feed = (topic: string, ...values: Buffer[]) =>
    rig.feed.send({ topic, messages: values.map(value => ({ partition: 0, key: 'k', value })) })
  const deploy = (topic: string, more: object = {}, url = registry.url) =>
    flow.deploy(rig.brokers, [
      { id: 'registry', type: 'millrace-schema-registry', url, timeoutS: 2 },
      {
        id: 'read',
        type: 'millrace-kafka-consumer',
        topics: topic,
        groupId: `g-${topic}`,
        output: 'registered',
        registry: 'registry',
        ...more,
        wires: [['good'], ['bad']]
      },
      { id: 'good', type: 'seen' },
      { id: 'bad', type: 'seen' }
    ])
  const good = () =>
    JSON.parse(jsonText(flow.seen('good').records)!.replaceAll(BEYOND, `"${BEYOND}"`)) as unknown[]
  const codes = () => (flow.seen('bad').records as Rejection[]).map(({ reason }) => reason.code)
  const arrived = (records: number) =>
    until('the records', () => flow.seen('good').records.length >= records, 30_000)
  const says = (words: string) =>
    until(words, () => flow.statusOf('read').at(-1)?.includes(words) === true, 20_000)
  const withId = (id: number, rest: string | Buffer) => {
    const header = Buffer.alloc(5)
    header.writeUInt32BE(id, 1)
    return Buffer.concat([header, Buffer.from(rest)])
  }
  /** Of a schema that was not there before, so that its id is the last. */
  const newId = (title: string) =>
    registry.register(`${title}-value`, {
      schemaType: 'JSON',
      schema: JSON.stringify({ type: 'object', properties: {}, title })
    })

  it('reads what the serializers of Confluent write: Avro, Protobuf and JSON', async () => {
    const topic = await rig.topic(1)
    const { AvroSerializer, JsonSerializer, ProtobufSerializer, SerdeType } = theirs
    const { Reading, Batch, reading } = PLANT(theirs)
    const proto = new ProtobufSerializer(client, SerdeType.VALUE, { autoRegisterSchemas: true })
    for (const type of [Reading, Batch]) proto.registry!.add(type)
    await registry.register('unit', {
      schema: '{"type":"enum","name":"Unit","namespace":"plant","symbols":["C","F"]}'
    })
    await registry.register(`${topic}-value`, {
      schema: JSON.stringify({
        type: 'record',
        name: 'Reading',
        namespace: 'plant',
        fields: [
          { name: 'device_id', type: 'string' },
          { name: 'count', type: 'long' },
          { name: 'unit', type: 'plant.Unit' }
        ]
      }),
      references: [{ name: 'plant.Unit', subject: 'unit', version: 1 }]
    })
    const latest = { autoRegisterSchemas: false, useLatestVersion: true }
    const avro = new AvroSerializer(client, SerdeType.VALUE, latest)
    await registry.register('json-value', { schemaType: 'JSON', schema: PLAIN })
    const json = new JsonSerializer(client, SerdeType.VALUE, latest)
    await feed(
      topic,
      await avro.serialize(topic, { device_id: 'a', count: 7, unit: 'F' }),
      await json.serialize('json', { device_id: 'j', value: 21.5 }),
      await proto.serialize('proto', reading('p')),
      await proto.serialize('protos', theirs.protobuf.create(Batch, { readings: [reading('b')] }))
    )
    await deploy(topic, { exact: true })
    await arrived(4)
    const plant = { value: 21.5, count: BEYOND, unit: { name: 'C' } }
    assert.deepEqual(good(), [
      { device_id: 'a', count: 7, unit: 'F' },
      { device_id: 'j', value: 21.5 },
      { device_id: 'p', ...plant },
      { readings: [{ device_id: 'b', ...plant }] }
    ])
    assert.deepEqual(codes(), [])
  })

  it('reads Protobuf whose schema is a text, with what it imports', async () => {
    const topic = await rig.topic(1)
    await registry.register('unit.proto', {
      schemaType: 'PROTOBUF',
      schema: 'syntax = "proto3"; package plant; message Unit { string name = 1; }'
    })
    const id = await registry.register(`${topic}-value`, {
      schemaType: 'PROTOBUF',
      schema: `syntax = "proto3"; package plant;
        import "unit.proto"; import "google/protobuf/timestamp.proto";
        message Other { message Inner { Unit unit = 1; google.protobuf.Timestamp at = 2; } }`,
      references: [{ name: 'unit.proto', subject: 'unit.proto', version: 1 }]
    })
    // The first message in the first: two zigzag numbers, 0 and 0.
    await feed(topic, withId(id, Buffer.from('0400000a030a014312020801', 'hex')))
    await deploy(topic)
    await arrived(1)
    assert.deepEqual(good(), [{ unit: { name: 'C' }, at: '1970-01-01T00:00:01Z' }])
  })

  it('rejects alone what names no schema, none that is there, or is none of it', async () => {
    const topic = await rig.topic(1)
    const id = await newId(topic)
    await feed(
      topic,
      withId(id, '{"v":1}'),
      withId(4_000_000_000, '{"v":2}'),
      Buffer.from('{"v":3}'),
      withId(id, 'nonsense'),
      withId(id, '{"v":4}')
    )
    await deploy(topic)
    await arrived(2)
    await until('the letters', () => codes().length === 3)
    assert.deepEqual(good(), [{ v: 1 }, { v: 4 }])
    assert.deepEqual(codes(), ['SCHEMA_ID_UNKNOWN', 'FORMAT_INVALID', 'JSON_INVALID'])
  })

  it('takes lists as well, and waits for an id that is not there yet', async () => {
    const topic = await rig.topic(1)
    const id = (await newId(topic)) + 1
    await feed(topic, withId(id, '{"list":[{"v":1},{"v":2}]}'))
    await deploy(topic, { whenUnknown: 'wait', at: 'list', path: 'list' })
    await says('waits for a schema')
    assert.deepEqual([good(), codes()], [[], []])
    assert.equal(await newId(`${topic} later`), id)
    await arrived(2)
    assert.deepEqual(good(), [{ v: 1 }, { v: 2 }])
  })

  it('waits while the registry is away, and reads on by what it knows', async () => {
    const topic = await rig.topic(1)
    const id = await newId(topic)
    await feed(topic, withId(id, '{"v":1}'))
    await deploy(topic)
    await arrived(1)
    await registry.kill()
    await feed(topic, withId(id, '{"v":2}'))
    await arrived(2)
    await feed(topic, withId(id + 1, '{"v":3}'), withId(id, '{"v":4}'))
    await says('registry away')
    assert.deepEqual([good(), codes()], [[{ v: 1 }, { v: 2 }], []])
    await registry.restart()
    await until('the answer', () => codes().length === 1, 40_000)
    await arrived(3)
    assert.deepEqual([good().at(-1), codes()], [{ v: 4 }, ['SCHEMA_ID_UNKNOWN']])
  })

  it('takes a page for people, and a refused login, for no answer', async () => {
    const topic = await rig.topic(1)
    let status = 404
    const page = createServer((_request, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
    )
    await new Promise<void>(done => page.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`
    try {
      await feed(topic, withId(1, '{"v":1}'))
      await deploy(topic, {}, url)
      await says('registry away')
      status = 401
      await says('registry refuses the login')
      assert.deepEqual([good(), codes()], [[], []])
    } finally {
      page.closeAllConnections()
      page.close()
    }
  })
})
