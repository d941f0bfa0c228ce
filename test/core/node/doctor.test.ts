import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Node } from 'node-red'
import type { Examination, OperatorAnswer } from '../../../core/node/answer.ts'
import { QUESTIONS } from '../../../core/node/answer.ts'
import { allMetrics, forgetMetrics, metricsFor } from '../../../core/node/metrics.ts'
import mqttBroker from '../../../nodes/mqtt-broker/runtime.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { ROOT } from '../../house/sources.ts'
import { kafkaOf, makeTopics } from '../../kafka-topics.ts'
import { type KafkaFlow, startKafkaFlow } from '../../nodes/kafka-flow.ts'
import { isInstalled, mosquittoWith } from '../../servers/mosquitto.ts'
import { services } from '../../services.ts'
import { TcpGate } from '../../tcp-gate.ts'
import { until } from '../../until.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The command, as a person runs it. */
function millrace(words: readonly string[], environment: object = {}): Promise<Ran> {
  const program = ['--import', 'tsx', join(ROOT, 'core/cli/millrace.ts'), ...words]
  return new Promise(resolve =>
    execFile(
      process.execPath,
      program,
      { cwd: ROOT, env: { ...process.env, ...environment } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err })
    )
  )
}

describe('doctor', function () {
  this.timeout(90_000)
  let flow: KafkaFlow
  let brokers = ''
  let database: TcpGate
  let mqtt: TcpGate
  const topic = `doctor-${process.pid}`
  const table = `doctor_${process.pid}`
  const own = mosquittoWith('doctor', ['sys_interval 1'])

  before(async () => {
    // Files of a folder share a process, and with it what nodes of others have counted.
    for (const { id } of allMetrics()) forgetMetrics(id)
    const found = await services('mqtt', 'kafka', 'timescale')
    brokers = found.kafka.brokers
    await makeTopics(brokers, { [topic]: 2 })
    database = await TcpGate.before(Number(new URL(found.timescale.url).port))
    mqtt = await TcpGate.before(Number(new URL(found.mqtt.url).port))
    await Promise.all([database.open(), mqtt.open()])
    const mosquitto = isInstalled ? [broker('counting', (await own.start()).url)] : []
    flow = await startKafkaFlow(mqttBroker, timescaleDatabase, timescaleSink)
    await flow.deploy(brokers, [
      broker('server', `mqtt://127.0.0.1:${mqtt.port}`),
      ...mosquitto,
      {
        id: 'database',
        type: 'millrace-timescale-database',
        connection: 'url',
        url: found.timescale.url.replace(/:\d+\//, `:${database.port}/`),
        z: undefined
      } as never,
      reader,
      {
        id: 'store',
        type: 'millrace-timescale-sink',
        name: 'store',
        database: 'database',
        table,
        wires: [[], ['letters']]
      },
      { id: 'letters', type: 'seen', wires: [] }
    ])
  })
  after(async () => {
    await flow?.stop()
    await Promise.all([database?.shut(), mqtt?.shut()])
    await own.end()
  })

  const broker = (id: string, url: string) =>
    ({ id, type: 'millrace-mqtt-broker', url, z: undefined }) as never
  const reader = {
    id: 'read',
    type: 'millrace-kafka-consumer',
    name: 'reader',
    topics: topic,
    groupId: topic,
    wires: [['store'], ['letters']]
  }
  const url = () => ['--url', flow.nodeRed.url]
  const ask = async (): Promise<OperatorAnswer[]> => {
    const answered = await fetch(`${flow.nodeRed.url}/millrace/doctor`)
    return [...((await answered.json()) as Examination).answers]
  }
  const answer = (
    answers: readonly OperatorAnswer[],
    question: keyof typeof QUESTIONS,
    about: RegExp
  ) => answers.find(each => each.question === QUESTIONS[question] && about.test(each.about))!
  const send = async (values: readonly unknown[]) => {
    const producer = kafkaOf(brokers).producer()
    await producer.connect()
    await producer.send({
      topic,
      messages: values.map(value => ({ value: JSON.stringify(value) }))
    })
    await producer.disconnect()
  }
  const reading = (n: number) => ({
    device_id: `d${n}`,
    metric: 'm',
    value: n,
    ts_utc: new Date().toISOString()
  })
  const stored = () => flow.nodeRed.node<Node>('store')

  it('says in plain lines that all is well, and ends with 0', async () => {
    await send([reading(1), reading(2)])
    await until('the rows', () => flow.statusOf('store').some(text => /2 stored/.test(text)))
    await until('the offsets to be committed', async () =>
      /^0 records behind/.test(answer(await ask(), 'lag', /doctor/).found)
    )
    const { code, out } = await millrace(['doctor', ...url()])
    assert.match(
      out,
      /^How far is each group behind\?\n {2}✔ doctor-\d+: 0 records behind; 1 members/m
    )
    assert.match(out, /✔ postgres at 127\.0\.0\.1:\d+: answers in .*connections, \d+ MB/)
    assert.match(out, /✔ doctor_\d+: \d+ MB in 1 chunks, 0 of them compressed/)
    assert.match(out, /✔ topic doctor-\d+: 0 records\/s/)
    assert.match(out, /All is well\.\n/)
    assert.equal(code, 0, out)
    if (isInstalled) assert.match(out, /clients are connected.*✔ mqtt:\/\/[^ ]+: \d+ clients/s)
    assert.match(out, /\? mqtt:\/\/127.*does not tell/)
  })

  it('what was rejected, with its codes and what they mean, is 1', async () => {
    await send([{ ...reading(3), value: 'warm' }, reading(4)])
    await until(
      'the rejection',
      () => metricsFor('store', 'millrace-timescale-sink', 'store').in === 4
    )
    await until('fresh answers', async () => answer(await ask(), 'rejected', /store/) !== undefined)
    const { code, out } = await millrace(['doctor', ...url()])
    assert.match(
      out,
      /! timescale sink "store": 1 [A-Z_]+ of 4 records\n {6}→ [A-Z_]+: .*dead letter/
    )
    assert.equal(code, 1, out)
  })

  it('a database that is away is 2, and what waits behind it is told', async () => {
    await database.shut()
    await send([reading(5)])
    await until('the node to say so', () => flow.statusOf('store').some(text => /away/.test(text)))
    await until('the lag', async () =>
      /^1 records behind/.test(answer(await ask(), 'lag', /doctor/).found)
    )
    const { code, out } = await millrace(['doctor', ...url()])
    assert.equal(code, 2)
    assert.match(out, /✘ postgres at 127\.0\.0\.1:\d+: .*\n {6}→ Start the server/)
    assert.match(out, /✘ timescale sink "store": .*away/)
    assert.match(out, /1 records behind, the oldest \d+ m?s old/)
    await database.open()
    await until('the row', () => !/away/.test(flow.statusOf('store').at(-1)!), 30_000)
    assert.ok(stored())
  })

  it('an MQTT server that is away is 2', async () => {
    await mqtt.shut()
    await until('the answer', async () =>
      (await ask()).some(each => each.question === QUESTIONS.clients && each.state === 'bad')
    )
    await mqtt.open()
  })

  it('is a page as well, in which nothing of a name is code', async () => {
    const page = await fetch(`${flow.nodeRed.url}/millrace/doctor`, {
      headers: { accept: 'text/html' }
    })
    assert.match(page.headers.get('content-type')!, /^text\/html/)
    const text = await page.text()
    assert.match(text, /<h2>Is the database healthy\?<\/h2>/)
    assert.match(text, /timescale sink &#34;store&#34;/)
    assert.doesNotMatch(text, /<script/)
  })

  it('a Node-RED that is away, another program and a wrong word are 2, with a sentence', async () => {
    const away = await millrace(['doctor', '--url', 'http://127.0.0.1:2'])
    assert.equal(away.code, 2)
    assert.match(away.err, /^Node-RED could not be asked: /)
    const path = await millrace(['doctor', '--url', `${flow.nodeRed.url}/elsewhere`])
    assert.match(path.err, /answers 404, not as a Node-RED with this palette/)
    assert.match((await millrace(['docter'])).err, /There is no command "docter"/)
    assert.equal((await millrace(['--help'])).code, 0)
  })
})
