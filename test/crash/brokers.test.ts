import assert from 'node:assert/strict'
import { join } from 'node:path'
import { KafkaCluster } from '../../stack/kafka/cluster.ts'
import { testHome } from '../services.ts'
import { type BrokerFault, brokerFault } from './broker-faults.ts'
import { type BrokerCrash, crash, type Hop, type Result } from './crash.ts'

const LONG = process.env.MILLRACE_CRASH === 'long'
const FAULTS: BrokerFault[] = ['leaders', 'rolling restart', 'two of three']
const HOPS: Hop[] = ['ingest', 'process', 'persist']

type Case = Omit<BrokerCrash, 'cluster'>

/** The long form: everything runs at once at 5,000/s, or works off a backlog as fast as it goes. */
const all = (): Case[] =>
  FAULTS.flatMap(target =>
    HOPS.flatMap(hop =>
      [false, true].flatMap(inTransactions =>
        [1, 2].map(seed => ({
          target,
          hop,
          qos: 1 as const,
          seed,
          inTransactions,
          readings: hop === 'ingest' ? 30_000 : 15_000,
          perSecond: 5_000
        }))
      )
    )
  )

const SHORT: Case[] = [
  {
    target: 'two of three',
    hop: 'ingest',
    qos: 1,
    seed: 1,
    inTransactions: true,
    readings: 6_000,
    perSecond: 1_500
  }
]

const nameOf = ({ target, hop, seed, perSecond, inTransactions }: Case) =>
  `${target}, during ${hop} at ${perSecond}/s, seed ${seed}${inTransactions ? ', in transactions' : ''}`

describe('three Kafka brokers lose some of them: what MQTT had acknowledged is stored or a dead letter, once', function () {
  this.timeout(LONG ? 900_000 : 300_000)
  const table: (Omit<Result, 'lost' | 'strange' | 'warnings'> & { crash: string; lost: number })[] =
    []
  let cluster: KafkaCluster

  before(async () => {
    cluster = await KafkaCluster.start({ folder: join(testHome, 'brokers') })
  })
  afterEach(async () => {
    const { failures } = cluster
    for (const id of cluster.ids) await cluster.restart(id)
    await cluster.inSync()
    assert.deepEqual(failures, [])
  })
  after(async () => {
    console.table(table)
    await cluster?.remove()
  })

  for (const which of LONG ? all() : SHORT) {
    it(nameOf(which), async () => {
      const { lost, strange, warnings, ...counts } = await crash({ ...which, cluster }, at =>
        brokerFault(cluster, which.target, at.topic)
      )
      table.push({ crash: nameOf(which), ...counts, lost: lost.length })
      assert.deepEqual(
        { lost: lost.slice(0, 5), strange: strange.slice(0, 5), rowsTwice: counts.rowsTwice },
        { lost: [], strange: [], rowsTwice: 0 }
      )
      assert.deepEqual(warnings, [])
      assert.equal(counts.acknowledged, counts.sent)
      assert.equal(counts.lettersTwice, 0)
      if (which.inTransactions) assert.equal(counts.cleanTwice, 0)
    })
  }
})
