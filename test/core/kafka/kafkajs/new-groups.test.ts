// Mostly waits.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { readLag } from '../../../../core/kafka/admin/lag.ts'
import { kafkajsClient } from '../../../../core/kafka/kafkajs/kafkajs-client.ts'
import type { AdminConnection } from '../../../../core/kafka/port.ts'
import { findJava } from '../../../../stack/java.ts'
import { jars } from '../../../../stack/maven.ts'
import { until } from '../../../until.ts'
import { kafkaRig, type Rig } from '../kafka-rig.ts'

const TOOLS = 'org.apache.kafka.tools.consumer'
const RECORDS = 10

/** Consumers of Apache Kafka itself: kafkajs has none of these protocols. */
describe('groups of the new protocol and share groups', function () {
  this.timeout(90_000)
  let rig: Rig
  let admin: AdminConnection
  let libraries: string
  const consumers: ChildProcess[] = []

  before(async () => {
    rig = await kafkaRig()
    admin = kafkajsClient({ brokers: [rig.brokers], clientId: 'test' }).admin()
    await admin.ready
    const { signal } = new AbortController()
    libraries = await jars('kafka', { onProgress: () => undefined, signal })
  })
  after(async () => {
    for (const consumer of consumers) consumer.kill('SIGKILL')
    await admin?.close()
    await rig?.close()
  })

  /** Begins to consume; what it has read stands in `output`. */
  function consume(tool: string, topic: string, group: string, ...more: string[]) {
    const memory = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
    const asked = ['--bootstrap-server', rig.brokers, '--topic', topic, '--group', group, ...more]
    const args = [...memory, '-cp', join(libraries, '*'), `${TOOLS}.${tool}`, ...asked]
    const child = spawn(findJava().file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    consumers.push(child)
    const consumer = { child, output: '' }
    child.stdout.on('data', text => {
      consumer.output += text
    })
    return consumer
  }
  const send = (topic: string, count: number) =>
    rig.feed.send({
      topic,
      messages: Array.from({ length: count }, (_, n) => ({ value: `r${n}` }))
    })
  const lagOf = async (group: string) => (await readLag(admin, [group]))[0]!

  it('a group of the new protocol has its members, its partitions and its lag', async () => {
    const [topic, group] = [await rig.topic(2), `new-${randomUUID()}`]
    await send(topic, RECORDS)
    const property = ['--command-property', 'group.protocol=consumer', '--from-beginning']
    const { child } = consume('ConsoleConsumer', topic, group, ...property)
    const isCommitted = async () => {
      const { partitions, total } = await lagOf(group)
      return partitions.length === 2 && total === 0
    }
    await until('the records to be committed', isCommitted, 60_000)
    await until('its member', async () => (await lagOf(group)).members === 1)
    const [described] = await admin.describeGroups([group])
    assert.deepEqual(
      [described?.kind, described?.state, described?.members, described?.partitions.get(topic)],
      ['consumer', 'Stable', 1, 2]
    )
    child.kill('SIGTERM')
    await once(child, 'exit')
    await send(topic, RECORDS)
    await until('the lag', async () => (await lagOf(group)).total === RECORDS)
    const { state, members, kind } = await lagOf(group)
    assert.deepEqual([kind, state, members], ['consumer', 'Empty', 0])
  })

  it('a share group has its members, and its lag from the first record that is open', async () => {
    const [topic, group] = [await rig.topic(1), `share-${randomUUID()}`]
    const { child } = consume('ConsoleShareConsumer', topic, group)
    await until('its member', async () => (await lagOf(group)).members === 1, 60_000)
    await until('its partition', async () => {
      const [described] = await admin.describeGroups([group])
      return described?.partitions.get(topic) === 1
    })
    // A record is dealt with when the next one is asked for, so the last one stays open.
    await until('most of what it is sent to be dealt with', async () => {
      await send(topic, 1)
      const [partition] = (await lagOf(group)).partitions
      return (partition?.committed ?? 0) > 0
    })
    child.kill('SIGTERM')
    await once(child, 'exit')
    const open = (await lagOf(group)).total
    await send(topic, RECORDS)
    assert.equal((await lagOf(group)).total, open + RECORDS)
    assert.equal((await lagOf(group)).kind, 'share')
    assert.ok((await admin.listGroups({ withShare: true })).includes(group))
    assert.ok(!(await admin.listGroups()).includes(group))
  })

  it('a group that is not there is still none', async () => {
    const { kind, members, state } = await lagOf(`nobody-${randomUUID()}`)
    assert.deepEqual([kind, members, state], ['classic', 0, 'Dead'])
  })
})
