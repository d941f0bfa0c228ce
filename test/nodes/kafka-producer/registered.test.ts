// Mostly waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Node } from 'node-red'
import { jsonText } from '../../../core/record/json-write.ts'
import type { Rejection } from '../../../core/record/record.ts'
import { readTopic } from '../../kafka-topics.ts'
import type { FlowEntry } from '../../node-red.ts'
import { type Confluent, confluent } from '../../servers/confluent.ts'
import { RegistryServer } from '../../servers/registry.ts'
import { until } from '../../until.ts'
import { PLANT } from '../kafka-consumer/plant.ts'
import { sceneOfProducer } from './scene.ts'

const AVRO = (...more: object[]) =>
  JSON.stringify({
    type: 'record',
    name: 'Reading',
    namespace: 'plant',
    fields: [
      { name: 'device_id', type: 'string' },
      { name: 'count', type: 'long' },
      { name: 'value', type: ['null', 'double'], default: null },
      ...more
    ]
  })
const NAMED = { name: 'site', type: 'string', default: 'north' }
/** No double holds it. */
const BEYOND = 9_007_199_254_740_993n
const JSON_SCHEMA = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'plant.Reading',
  type: 'object',
  required: ['device_id'],
  properties: { device_id: { type: 'string' }, value: { type: 'number' } }
})

describe('kafka-producer by a schema registry', function () {
  this.timeout(60_000)
  const scene = sceneOfProducer()
  const registry = new RegistryServer()
  let theirs: Confluent
  let client: object

  before(async function () {
    this.timeout(300_000)
    theirs = await confluent()
    client = new theirs.SchemaRegistryClient({ baseURLs: [await registry.start()] })
  })
  after(() => registry.end())

  async function deploy(topic: string, more: object = {}): Promise<Node> {
    const { flow, rig } = scene
    await flow.deploy(rig.brokers, [
      { id: 'registry', type: 'millrace-schema-registry', url: registry.url, timeoutS: 2 },
      {
        id: 'write',
        type: 'millrace-kafka-producer',
        topic,
        content: 'registered',
        registry: 'registry',
        ...more,
        wires: [['sent'], ['bad']]
      },
      { id: 'sent', type: 'seen' },
      { id: 'bad', type: 'seen' }
    ])
    for (const id of ['sent', 'bad']) flow.seen(id).arrived.length = 0
    return flow.nodeRed.node<Node>('write')
  }
  const send = (node: Node, ...payload: object[]) => node.receive({ payload } as never)
  const sent = (records: number) =>
    until('the records', () => scene.flow.seen('sent').records.length >= records, 30_000)
  const refused = () =>
    (scene.flow.seen('bad').records as Rejection[]).map(
      ({ reason: { code, path = '' } }) => `${code} ${path}`
    )
  const rejected = (records: number) =>
    until('the letters', () => refused().length >= records, 30_000)
  const values = async (topic: string) =>
    (await readTopic(scene.rig.brokers, topic)).map(({ value }) => value!)
  const says = (words: string) =>
    until(words, () => scene.flow.statusOf('write').at(-1)?.includes(words) === true, 20_000)

  const logs = () => scene.flow.nodeRed.logs.map(({ msg }) => String(msg)).join('\n')

  it('writes Avro that the deserializer of Confluent reads, and a new version once it is there', async () => {
    const topic = await scene.rig.topic(1)
    await registry.register(`${topic}-value`, { schema: AVRO() })
    const node = await deploy(topic, { refreshS: 1 })
    send(
      node,
      { device_id: 'a', count: 7, value: 21.5 },
      { device_id: 'b', count: 'x' },
      { device_id: 'c', count: 1_000_000_000_000_007n }
    )
    await sent(2)
    assert.deepEqual(refused(), ['FIELD_TYPE count'])
    await registry.register(`${topic}-value`, { schema: AVRO(NAMED) })
    await until('the new version', async () => {
      send(node, { device_id: 'd', count: 1, site: 'south' })
      await rejected(1)
      return scene.flow.seen('sent').records.length > 2
    })
    const avro = new theirs.AvroDeserializer(client, theirs.SerdeType.VALUE, {})
    const read = await Promise.all((await values(topic)).map(each => avro.deserialize(topic, each)))
    assert.deepEqual(
      read.slice(0, 3).map(each => ({ ...(each as object) })),
      [
        { device_id: 'a', count: 7, value: 21.5 },
        { device_id: 'c', count: 1_000_000_000_000_007, value: null },
        { device_id: 'd', count: 1, value: null, site: 'south' }
      ]
    )
  })

  it('writes Protobuf and JSON that the deserializers of Confluent read', async () => {
    const [topic, json] = [await scene.rig.topic(1), await scene.rig.topic(1)]
    const { VALUE } = theirs.SerdeType
    const { Reading, reading } = PLANT(theirs)
    const proto = new theirs.ProtobufSerializer(client, VALUE, { autoRegisterSchemas: true })
    proto.registry!.add(Reading)
    // Registers the compiled schema, and what it imports.
    await proto.serialize(topic, reading('theirs'))
    const record = { device_id: 'p', count: BEYOND, value: 0.5, unit: { name: 'C' } }
    send(await deploy(topic, { messageType: 'plant.Reading' }), record, { ...record, unit: 'C' })
    await sent(1)
    assert.deepEqual(refused(), ['FIELD_TYPE unit'])
    const pasted = { schemaFrom: 'pasted', register: true, schemaKind: 'JSON' }
    const both = { subjectBy: 'both', recordType: 'plant.Reading' }
    const asJson = await deploy(json, { ...pasted, ...both, schema: JSON_SCHEMA })
    send(asJson, { device_id: 'j', value: 21.5, more: [1] }, { value: 'warm' })
    await sent(1)
    assert.deepEqual(refused(), ['FIELD_MISSING device_id'])
    const subjects = (await (await fetch(`${registry.url}/subjects`)).json()) as string[]
    assert.ok(subjects.includes(`${json}-plant.Reading`), subjects.join())
    const ofProto = new theirs.ProtobufDeserializer(client, VALUE, {})
    const message = await ofProto.deserialize(topic, (await values(topic))[0]!)
    const { deviceId, count, value, unit } = message as Record<string, unknown> & {
      unit: { name: string }
    }
    assert.deepEqual([deviceId, count, value, unit.name], ['p', BEYOND, 0.5, 'C'])
    const ofJson = new theirs.JsonDeserializer(client, VALUE, {
      subjectNameStrategy: () => `${json}-plant.Reading`
    })
    assert.deepEqual(await ofJson.deserialize(json, (await values(json))[0]!), {
      device_id: 'j',
      value: 21.5,
      more: [1]
    })
  })

  it('rejects what has no subject, version or registered schema, and takes it once it has', async () => {
    const topic = await scene.rig.topic(1)
    const good = { device_id: 'a', count: 1 }
    send(await deploy(topic), good)
    await rejected(1)
    send(await deploy(topic, { schemaFrom: 'version', schemaVersion: 2 }), good)
    await rejected(1)
    const node = await deploy(topic, { schemaFrom: 'pasted', schema: AVRO() })
    send(node, good)
    await rejected(1)
    assert.deepEqual(refused(), ['SUBJECT_UNKNOWN '])
    assert.deepEqual(await values(topic), [])
    await registry.register(`${topic}-value`, { schema: AVRO() })
    await until('the schema', async () => {
      send(node, good)
      await until('an end', () => refused().length + scene.flow.seen('sent').records.length > 1)
      return scene.flow.seen('sent').records.length > 0
    })
  })

  it('waits with a schema that is not compatible, and says so', async () => {
    const topic = await scene.rig.topic(1)
    await registry.register(`${topic}-value`, { schema: AVRO() })
    await registry.demand(`${topic}-value`, 'BACKWARD')
    const schema = AVRO({ name: 'unit', type: 'string' })
    const node = await deploy(topic, { schemaFrom: 'pasted', schema, register: true })
    send(node, { device_id: 'a', count: 1, unit: 'C' })
    await says('not compatible')
    await until('the warning', () => logs().includes('Backward compatible'))
    assert.match(
      logs(),
      /Backward compatible with version 1 of .*: no, the field unit was added without a default\./
    )
    assert.deepEqual([refused(), scene.flow.seen('sent').records], [[], []])
  })

  it('does in its example what the comments say', async () => {
    const url = new URL('../../../examples/24-schema-registry.json', import.meta.url)
    const topic = await scene.rig.topic(1)
    const text = readFileSync(url, 'utf8').replaceAll('iot-telemetry-registered', topic)
    // The buttons are core's, which this Node-RED does not load.
    const example = (JSON.parse(text) as FlowEntry[])
      .filter(({ type }) => /^(debug|millrace-)/.test(type))
      .filter(({ type }) => type !== 'millrace-kafka-cluster')
      .map(node => ({
        ...node,
        ...(node.type === 'millrace-schema-registry' && { url: registry.url }),
        ...(node.type === 'debug' && { type: 'seen' })
      }))
    const { flow, rig } = scene
    await flow.deploy(rig.brokers, example)
    const seen = (name: string) => flow.seen(`lesson-schema-registry-${name}`)
    const good = { device_id: 'sensor-001', metric: 'temperature_c', value: 21.5 }
    const node = flow.nodeRed.node<Node>('lesson-schema-registry-write')
    send(node, { ...good, ts_utc: '2026-01-02T03:04:05.678Z' })
    send(node, { ...good, ts_utc: '2026-01-02T03:04:06Z', value: 'high' })
    await until('the record', () => seen('records').records.length > 0, 30_000)
    await until('the letter', () => seen('rejected').records.length > 0, 30_000)
    assert.deepEqual(JSON.parse(jsonText(seen('records').records)!), [
      { ...good, ts_utc: '2026-01-02T03:04:05.678Z' }
    ])
    assert.deepEqual(
      (seen('rejected').records as Rejection[]).map(({ reason: { code, path } }) => [code, path]),
      [['FIELD_TYPE', 'value']]
    )
    assert.deepEqual(seen('unread').records, [])
  })

  it('says at deploy what is wrong with a pasted schema', async () => {
    await deploy(await scene.rig.topic(1), { schemaFrom: 'pasted', schema: '{"type":"record"}' })
    await says('Schema')
  })

  it('waits for a registry that is away, and goes on with what it knows', async () => {
    const topic = await scene.rig.topic(1)
    await registry.kill()
    const pasted = { schemaFrom: 'pasted', schema: AVRO(), register: true }
    const node = await deploy(topic, pasted)
    send(node, { device_id: 'a', count: 1 })
    send(node, { device_id: 'b', count: 2 }, { device_id: 'c' })
    await says('registry away')
    assert.deepEqual([refused(), scene.flow.seen('sent').records], [[], []])
    await registry.restart()
    await sent(2)
    assert.deepEqual(refused(), ['FIELD_MISSING count'])
    await registry.kill()
    send(node, { device_id: 'd', count: 4 })
    await sent(3)
    assert.deepEqual(
      (await values(topic)).map(value => value.toString('latin1', 6, 7)),
      ['a', 'b', 'd']
    )
  })
})
