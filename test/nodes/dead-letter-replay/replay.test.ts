import assert from 'node:assert/strict'
import { kafkajsClient } from '../../../core/kafka/kafkajs/kafkajs-client.ts'
import { type Filter, filterOf, type Progress } from '../../../nodes/dead-letter-replay/logic.ts'
import { Replay } from '../../../nodes/dead-letter-replay/replay.ts'
import { endOf, kafkaOf, makeTopics, readTopic } from '../../kafka-topics.ts'
import { services } from '../../services.ts'

const LETTERS = 60

describe('dead-letter-replay on a real Kafka', function () {
  this.timeout(60_000)
  let brokers: string
  let run = 0
  let topic: string
  let raw: string
  let ingest: string

  before(async () => {
    brokers = (await services('kafka')).kafka.brokers
  })

  beforeEach(async () => {
    const suffix = `replay-${process.pid}-${++run}`
    topic = `dead-${suffix}`
    raw = `raw-${suffix}`
    ingest = `ingest-${suffix}`
    await makeTopics(brokers, { [topic]: 3, [raw]: 4, [ingest]: 2 })
    await bury(LETTERS)
  })

  /** Every third came over MQTT, every second has the code TS_FUTURE. */
  async function bury(count: number, from = 0, more: Record<string, string> = {}): Promise<void> {
    const producer = kafkaOf(brokers).producer()
    await producer.connect()
    const messages = Array.from({ length: count }, (_, index) => ({
      partition: index % 3,
      key: `sensor-${index % 7}`,
      value: Buffer.from([0xff, 0x00, from + index]),
      headers: {
        'mqtt.topic': 'acme/x',
        'millrace.reason.code': index % 2 === 0 ? 'TS_FUTURE' : 'UNKNOWN_DEVICE',
        'millrace.origin.kind': index % 3 === 0 ? 'mqtt' : 'kafka',
        'millrace.origin.topic': index % 3 === 0 ? 'acme/x' : raw,
        ...more
      }
    }))
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  const replay = (
    settings: Partial<Record<'codes' | 'since' | 'until', string>> = {},
    more: { perSecond?: number; onProgress?: (p: Progress) => void } = {}
  ) =>
    new Replay({
      client: kafkajsClient({ brokers: brokers.split(','), clientId: 'replay-test' }),
      topic,
      ledgerTopic: `${topic}-replayed`,
      ingestTopic: ingest,
      perSecond: 10_000,
      filter: filterOf({ codes: '', since: '', until: '', ...settings }) as Filter,
      onProgress: () => {},
      ...more
    })

  /** The last byte of a value tells which letter it was. */
  const numbersIn = async (name: string) =>
    (await readTopic(brokers, name)).map(({ value }) => value![2]!).sort((a, b) => a - b)
  const all = (test: (index: number) => boolean) =>
    Array.from({ length: LETTERS }, (_, index) => index).filter(test)

  it('sends the original bytes back to where they came from, each once, however often it runs', async () => {
    const first = await replay().run()
    const second = await replay().run()
    assert.deepEqual(first, {
      replayed: LETTERS,
      alreadyReplayed: 0,
      others: 0,
      truncated: 0,
      remaining: 0
    })
    assert.deepEqual(second, {
      replayed: 0,
      alreadyReplayed: LETTERS,
      others: 0,
      truncated: 0,
      remaining: 0
    })
    assert.deepEqual(
      await numbersIn(raw),
      all(index => index % 3 !== 0)
    )
    assert.deepEqual(
      await numbersIn(ingest),
      all(index => index % 3 === 0)
    )
    for (const { key, headers } of await readTopic(brokers, raw)) {
      assert.deepEqual(headers, { 'mqtt.topic': 'acme/x', 'millrace.replays': '1' })
      assert.match(key ?? '', /^sensor-\d$/)
    }
  })

  it('leaves what was cut where it is, and counts it: there is no original to send', async () => {
    await bury(3, LETTERS, { 'millrace.truncated': '2000000' })
    const { replayed, truncated } = await replay().run()
    assert.deepEqual([replayed, truncated], [LETTERS, 3])
    assert.equal([...(await numbersIn(raw)), ...(await numbersIn(ingest))].length, LETTERS)
  })

  it('replays a record once, though it has several dead letters', async () => {
    const place = {
      'millrace.origin.kind': 'kafka',
      'millrace.origin.topic': raw,
      'millrace.origin.partition': '1'
    }
    for (let offset = 0; offset < 3; offset++) {
      for (let times = 0; times <= offset; times++)
        await bury(1, LETTERS + offset, { ...place, 'millrace.origin.offset': String(offset) })
    }
    const first = await replay({}, { perSecond: 40 }).run()
    assert.deepEqual([first.replayed, first.alreadyReplayed], [LETTERS + 3, 3])
    await bury(1, LETTERS, { ...place, 'millrace.origin.offset': '0' })
    const second = await replay().run()
    assert.deepEqual([second.replayed, second.alreadyReplayed], [0, LETTERS + 7])
    assert.deepEqual(
      (await numbersIn(raw)).filter(number => number >= LETTERS),
      [LETTERS, LETTERS + 1, LETTERS + 2]
    )
  })

  it('replays by code, and what was left the next time', async () => {
    assert.equal((await replay({ codes: 'UNKNOWN_DEVICE' }).run()).replayed, LETTERS / 2)
    const rest = await replay().run()
    assert.deepEqual([rest.replayed, rest.alreadyReplayed], [LETTERS / 2, LETTERS / 2])
    assert.deepEqual([...(await numbersIn(raw)), ...(await numbersIn(ingest))].length, LETTERS)
  })

  it('replays by time', async () => {
    assert.equal((await replay({ until: '2020-01-01T00:00:00Z' }).run()).others, LETTERS)
    assert.equal((await replay({ since: '2020-01-01T00:00:00Z' }).run()).replayed, LETTERS)
  })

  it('leaves what became a dead letter after it began', async () => {
    const buried: Promise<void>[] = []
    const onProgress = () => {
      if (buried.length === 0) buried.push(bury(10, LETTERS))
    }
    const progress = await replay({}, { perSecond: 100, onProgress }).run()
    await Promise.all(buried)
    assert.equal(progress.replayed, LETTERS)
    assert.equal((await replay().run()).replayed, 10)
  })

  it('keeps to its rate, and ends when it is told to', async () => {
    const slow = replay({}, { perSecond: 20 })
    const startMs = performance.now()
    const ended = slow.run()
    setTimeout(() => slow.stop(), 1_500)
    const progress = await ended
    const seconds = (performance.now() - startMs) / 1000
    assert.ok(progress.replayed < LETTERS, `${progress.replayed}`)
    assert.ok(progress.replayed <= 20 * seconds + 5, `${progress.replayed} in ${seconds} s`)
    const rest = await replay().run()
    assert.equal(progress.replayed + rest.replayed, LETTERS)
  })

  it('is fenced by a second one at the same time, and nothing is sent twice', async () => {
    const slow = replay({}, { perSecond: 30 })
      .run()
      .then(
        progress => progress.replayed,
        (error: Error) => error
      )
    await new Promise(resolve => setTimeout(resolve, 1_000))
    await replay().run()
    await slow
    const sent = [...(await numbersIn(raw)), ...(await numbersIn(ingest))].sort((a, b) => a - b)
    assert.deepEqual(
      sent,
      all(() => true)
    )
  })

  it('says in words what is wrong', async () => {
    const nowhere = new Replay({
      client: kafkajsClient({ brokers: ['127.0.0.1:1'], clientId: 'replay-test' }),
      topic,
      ledgerTopic: 'x',
      ingestTopic: ingest,
      perSecond: 1,
      filter: filterOf({ codes: '', since: '', until: '' }) as Filter,
      onProgress: () => {}
    })
    await assert.rejects(nowhere.run(), /127\.0\.0\.1:1.*(refused|listens)/)
    assert.equal(await endOf(brokers, raw), 0)
  })
})
