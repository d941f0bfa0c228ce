// Mostly waits.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt, { type IClientOptions } from 'mqtt'
import { receiveMaximum } from '../../stack/artemis/launcher.ts'
import {
  endedServices,
  killService,
  readServices,
  resetServices,
  restartService,
  startServices,
  stopServices
} from '../../stack/lifecycle.ts'
import { ended, identify } from '../../stack/process.ts'
import { accounts, fixedPorts, type Services, serviceNames, topics } from '../../stack/services.ts'
import { readState } from '../../stack/state.ts'
import { ensureTable } from '../../stack/table.ts'
import { ensureTopics } from '../../stack/topics.ts'
import { until } from '../until.ts'
import { echo, kafkaClient, type Login, query, tls, topicsSeenBy, withMqtt } from './clients.ts'

const home = mkdtempSync(join(tmpdir(), 'millrace-lifecycle-'))
let services: Services

describe('the services', function () {
  this.timeout(120_000)

  before('start from an empty folder', async () => {
    services = await startServices(serviceNames, { home, freePorts: true })
  })

  after(async () => {
    await resetServices(home)
    rmSync(home, { recursive: true, force: true })
  })

  it('are found again, and a second start changes nothing', async () => {
    assert.deepEqual(readServices(home), services)
    assert.deepEqual(await startServices(serviceNames, { home, freePorts: true }), services)
  })

  const anonymous = {}
  const user = { username: accounts.mqtt.user, password: accounts.mqtt.password }
  const wrong = { username: accounts.mqtt.user, password: 'wrong' }
  for (const { label, options } of [
    { label: 'anonymous', options: anonymous },
    { label: 'a user', options: user },
    { label: 'MQTT 3.1.1', options: { protocolVersion: 4 as const } }
  ]) {
    it(`MQTT: ${label} on the plain port`, async () => {
      assert.equal(
        await withMqtt(services.mqtt.url, options, client => echo(client, 'a/b')),
        'hello'
      )
    })
  }

  it('MQTT: TLS with a user, a client certificate; neither anonymous nor a wrong password', async () => {
    const { tlsUrl, mtlsUrl, ...files } = services.mqtt.secure!
    const { ca } = tls(files)
    assert.equal(await withMqtt(tlsUrl, { ca, ...user }, client => echo(client, 'a/b')), 'hello')
    assert.equal(await withMqtt(mtlsUrl, tls(files), client => echo(client, 'a/b')), 'hello')
    await assert.rejects(withMqtt(tlsUrl, { ca, ...anonymous }, client => echo(client, 'a/b')))
    await assert.rejects(withMqtt(tlsUrl, { ca, ...wrong }, client => echo(client, 'a/b')))
    await assert.rejects(withMqtt(mtlsUrl, { ca, ...user }, client => echo(client, 'a/b')))
    await assert.rejects(withMqtt(services.mqtt.url, wrong, client => echo(client, 'a/b')))
  })

  it('MQTT: the guest keeps below its prefix', async () => {
    const { user: username, password, prefix } = accounts.mqttGuest
    const guest = { username, password }
    assert.equal(
      await withMqtt(services.mqtt.url, guest, client => echo(client, `${prefix}x`)),
      'hello'
    )
    await assert.rejects(withMqtt(services.mqtt.url, guest, client => echo(client, 'other/x')))
  })

  it('MQTT: announces its Receive Maximum', async () => {
    const announced = await new Promise(done => {
      const client = mqtt.connect(services.mqtt.url, { protocolVersion: 5 })
      client.once('connect', packet => {
        client.end(true)
        done(packet.properties?.receiveMaximum)
      })
    })
    assert.equal(announced, receiveMaximum)
  })

  it('Kafka: plain, SASL, mutual TLS; not without a certificate or with a wrong password', async () => {
    const { sasl, mtls } = services.kafka
    const { user: username, password, brokers } = sasl!
    await ensureTopics(services.kafka.brokers)
    const login = (mechanism: string, secret = password) =>
      ({ mechanism, username, password: secret }) as Login
    assert.ok((await topicsSeenBy({ brokers: [services.kafka.brokers] })).includes(topics.raw))
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
      assert.ok(
        (await topicsSeenBy({ brokers: [brokers], sasl: login(mechanism) })).includes(topics.raw)
      )
    }
    assert.ok(
      (await topicsSeenBy({ brokers: [mtls!.brokers], ssl: tls(mtls!) })).includes(topics.raw)
    )
    await assert.rejects(
      topicsSeenBy({ brokers: [brokers], sasl: login('scram-sha-512', 'wrong') })
    )
    await assert.rejects(topicsSeenBy({ brokers: [mtls!.brokers], ssl: { ca: tls(mtls!).ca } }))
  })

  it('Kafka: topics are made once, with 8 partitions each', async () => {
    await ensureTopics(services.kafka.brokers)
    assert.deepEqual(await ensureTopics(services.kafka.brokers), [])
    const admin = kafkaClient({ brokers: [services.kafka.brokers] }).admin()
    await admin.connect()
    const { topics: found } = await admin.fetchTopicMetadata({ topics: Object.values(topics) })
    await admin.disconnect()
    assert.deepEqual(
      found.map(topic => topic.partitions.length),
      Object.values(topics).map(() => 8)
    )
  })

  it('PostgreSQL: TLS with a certificate of the own authority', async () => {
    const connectionString = services.postgres.url
    const ssl = { ca: readFileSync(services.postgres.ca!) }
    assert.deepEqual(
      await query(
        { connectionString, ssl },
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
      ),
      [{ ssl: true }]
    )
    await assert.rejects(
      query(
        { connectionString: connectionString.replace(accounts.postgres.password, 'wrong') },
        'SELECT 1'
      )
    )
  })

  it('the table is made as often as one likes, as a hypertable with its policies where TimescaleDB is', async () => {
    const { url } = services.timescale
    for (let i = 0; i < 2; i++) assert.equal(await ensureTable(url), 'hypertable')
    for (let i = 0; i < 2; i++) assert.equal(await ensureTable(services.postgres.url), 'table')
    const jobs =
      "SELECT proc_name, config FROM timescaledb_information.jobs WHERE hypertable_name = 'telemetry' ORDER BY 1"
    assert.deepEqual(
      (await query({ connectionString: url }, jobs)).map(job => job.proc_name),
      ['policy_compression', 'policy_retention']
    )
    const index = "SELECT indexdef FROM pg_indexes WHERE indexname = 'telemetry_key'"
    for (const connectionString of [url, services.postgres.url]) {
      const [row] = await query({ connectionString }, index)
      assert.match(String(row?.indexdef), /UNIQUE.*\("?time"?, device_id, metric\)/)
    }
  })

  it('MQTT: a session and its messages outlive kill -9', async () => {
    const session: IClientOptions = {
      clientId: 'sleeper',
      clean: false,
      properties: { sessionExpiryInterval: 600 }
    }
    await withMqtt(services.mqtt.url, session, client =>
      client.subscribeAsync('kept/#', { qos: 1 })
    )
    await withMqtt(services.mqtt.url, {}, async client => {
      for (let i = 0; i < 10; i++) await client.publishAsync(`kept/${i}`, String(i), { qos: 1 })
    })
    await killService(home, 'mqtt')
    assert.equal((await restartService(home, 'mqtt')).url, services.mqtt.url)
    const received: string[] = []
    const client = mqtt.connect(services.mqtt.url, { protocolVersion: 5, ...session })
    await new Promise<void>(done => {
      client.on('message', (_topic, payload) => {
        received.push(payload.toString())
        if (received.length === 10) done()
      })
    })
    client.end(true)
    assert.deepEqual(
      received.toSorted(),
      Array.from({ length: 10 }, (_, i) => String(i))
    )
  })

  it('Kafka: messages outlive kill -9', async () => {
    await ensureTopics(services.kafka.brokers)
    const producer = kafkaClient({ brokers: [services.kafka.brokers] }).producer()
    await producer.connect()
    await producer.send({
      topic: topics.raw,
      acks: -1,
      messages: Array.from({ length: 100 }, (_, i) => ({ key: String(i), value: 'x' }))
    })
    await producer.disconnect()
    await killService(home, 'kafka')
    assert.equal((await restartService(home, 'kafka')).brokers, services.kafka.brokers)
    const admin = kafkaClient({ brokers: [services.kafka.brokers], retry: { retries: 10 } }).admin()
    await admin.connect()
    const offsets = await admin.fetchTopicOffsets(topics.raw)
    await admin.disconnect()
    assert.equal(
      offsets.reduce((sum, { high }) => sum + Number(high), 0),
      100
    )
  })

  it('PostgreSQL: rows outlive kill -9', async () => {
    const config = { connectionString: services.postgres.url }
    await query(config, 'CREATE TABLE kept AS SELECT generate_series(1, 100) AS n')
    await killService(home, 'postgres')
    assert.equal((await restartService(home, 'postgres')).url, services.postgres.url)
    assert.deepEqual(await query(config, 'SELECT count(*)::int AS n FROM kept'), [{ n: 100 }])
  })

  it('a killed one is started again by the next start; the others go on', async () => {
    process.kill(services.timescale.pid!, 'SIGKILL')
    const again = await startServices(['postgres', 'timescale'], { home, freePorts: true })
    assert.equal(again.timescale.url, services.timescale.url)
    assert.notEqual(again.timescale.pid, services.timescale.pid)
    assert.equal(again.postgres.pid, readServices(home).postgres?.pid)
  })

  it('a port that another program holds is left alone, with a word', async () => {
    const other = mkdtempSync(join(tmpdir(), 'millrace-busy-'))
    const squatter = createServer()
    // when it is taken already, by whomever, that serves as well
    await new Promise<void>(done =>
      squatter.once('error', () => done()).listen(fixedPorts.timescale, '127.0.0.1', done)
    )
    const lines: string[] = []
    try {
      const { timescale } = await startServices(['timescale'], {
        home: other,
        onProgress: line => lines.push(line)
      })
      assert.notEqual(Number(new URL(timescale.url).port), fixedPorts.timescale)
      assert.ok(
        lines.some(line =>
          line.includes(`port ${fixedPorts.timescale} is in use by another program`)
        )
      )
      assert.deepEqual(await query({ connectionString: timescale.url }, 'SELECT 1 AS n'), [
        { n: 1 }
      ])
    } finally {
      await stopServices(other)
      squatter.close()
      rmSync(other, { recursive: true, force: true })
    }
  })

  it('a port that another program takes just before the service opens it is lost without harm', async () => {
    const other = mkdtempSync(join(tmpdir(), 'millrace-race-'))
    // Answers as PostgreSQL does, so that asking the port alone would not tell.
    const thief = createServer(socket =>
      socket
        .on('error', () => {})
        .on('data', () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0])))
    )
    const lines: string[] = []
    try {
      const starting = startServices(['timescale'], {
        home: other,
        freePorts: true,
        onProgress: line => lines.push(line)
      })
      const chosen = await until(
        'the port to be chosen',
        () => readState(other).ports.timescale,
        10_000,
        1
      )
      await new Promise<void>((done, failed) =>
        thief.once('error', failed).listen(chosen, '127.0.0.1', done)
      )
      const { timescale } = await starting
      assert.notEqual(Number(new URL(timescale.url).port), chosen)
      assert.ok(
        lines.includes(
          `timescale: another program has taken port ${chosen} meanwhile, trying again`
        ),
        lines.join('\n')
      )
      assert.equal(lines.filter(line => line.includes('ready')).length, 1)
      assert.deepEqual(await query({ connectionString: timescale.url }, 'SELECT 1 AS n'), [
        { n: 1 }
      ])
    } finally {
      await stopServices(other)
      thief.close()
      rmSync(other, { recursive: true, force: true })
    }
  })

  it('that have ended without being stopped are known, and are not among those that run', async () => {
    assert.deepEqual(endedServices(home), [])
    const id = identify(readServices(home).postgres!.pid!)!
    process.kill(id.pid, 'SIGKILL')
    assert.ok(await ended(id, 5_000))
    const [found] = endedServices(home)
    assert.equal(found?.name, 'postgres')
    assert.match(found?.reason ?? '', /^The PostgreSQL 18 has ended\. The end of .*postgres\.log/)
    assert.equal(readServices(home).postgres, undefined)
    await restartService(home, 'postgres')
    assert.deepEqual(endedServices(home), [])
  })

  it('of the user are named, and neither started nor stopped', async () => {
    const other = mkdtempSync(join(tmpdir(), 'millrace-given-'))
    process.env.KAFKA_BROKERS = 'kafka.example:9092'
    process.env.MQTT_URL = 'mqtt://me:secret@mqtt.example'
    try {
      const given = await startServices(['kafka', 'mqtt'], { home: other })
      assert.deepEqual(given, {
        kafka: { brokers: 'kafka.example:9092' },
        mqtt: { url: 'mqtt://me:secret@mqtt.example', user: 'me', password: 'secret' }
      })
      assert.deepEqual(readServices(other), {})
    } finally {
      delete process.env.KAFKA_BROKERS
      delete process.env.MQTT_URL
      rmSync(other, { recursive: true, force: true })
    }
  })

  it('end in order, and are all gone then', async () => {
    await stopServices(home)
    assert.deepEqual(readServices(home), {})
  })
})
