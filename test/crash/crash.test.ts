import assert from 'node:assert/strict'
import { type Crash, crash, type Hop, type How, type Result, type Target } from './crash.ts'
import { serviceFault } from './service-faults.ts'

const LONG = process.env.MILLRACE_CRASH === 'long'
const TARGETS: Target[] = ['node-red', 'mqtt', 'kafka', 'postgres']
const HOPS: Hop[] = ['ingest', 'process', 'persist']
const HOWS: How[] = ['kill -9', 'stop']

/**
 * Each service in the middle of the hop that needs it most; the long form has every combination,
 * three seeds each.
 */
const SHORT: Crash[] = [
  { target: 'node-red', how: 'kill -9', hop: 'ingest', qos: 1, seed: 1 },
  { target: 'node-red', how: 'stop', hop: 'persist', qos: 1, seed: 3 },
  { target: 'mqtt', how: 'kill -9', hop: 'ingest', qos: 2, seed: 1 },
  { target: 'kafka', how: 'kill -9', hop: 'process', qos: 1, seed: 1 },
  { target: 'postgres', how: 'kill -9', hop: 'persist', qos: 1, seed: 1 }
]

/** With the settings of the flows as they are: a dead letter may be there twice. */
const AS_SHIPPED: Crash[] = [
  { target: 'node-red', how: 'kill -9', hop: 'process', qos: 1, seed: 1, asShipped: true }
]

/**
 * With Kafka transactions: also what lies between the topics is there once, dead letters included.
 */
const SHORT_IN_TRANSACTIONS: Crash[] = [
  { target: 'node-red', how: 'kill -9', hop: 'process', qos: 1, seed: 2, inTransactions: true }
]

const all = (): Crash[] =>
  TARGETS.flatMap(target =>
    HOPS.flatMap(hop =>
      HOWS.flatMap(how =>
        ([1, 2] as const).flatMap(qos => [1, 2, 3].map(seed => ({ target, how, hop, qos, seed })))
      )
    )
  )

const nameOf = ({ target, how, hop, qos, seed, inTransactions, asShipped }: Crash) =>
  `${how} of ${target} during ${hop}, QoS ${qos}, seed ${seed}${inTransactions ? ', in transactions' : ''}${asShipped ? ', as shipped' : ''}`

/**
 * What the transactions are of: crashes of Node-RED, Kafka and the database, once the readings are
 * in Kafka.
 */
const allInTransactions = (): Crash[] =>
  all()
    .filter(({ target, hop, qos }) => target !== 'mqtt' && hop !== 'ingest' && qos === 1)
    .map(which => ({ ...which, inTransactions: true }))

describe('crashes: what the broker had acknowledged is in the table or the dead-letter topic, once', function () {
  this.timeout(300_000)
  const table: (Omit<Result, 'lost' | 'strange' | 'warnings'> & { crash: string; lost: number })[] =
    []
  after(() => console.table(table))

  for (const which of LONG
    ? [...all(), ...AS_SHIPPED, ...allInTransactions()]
    : [...SHORT, ...AS_SHIPPED, ...SHORT_IN_TRANSACTIONS]) {
    it(nameOf(which), async () => {
      const result = await crash(which, at => serviceFault(which, at))
      const { lost, strange, warnings, ...counts } = result
      table.push({ crash: nameOf(which), ...counts, lost: lost.length })
      assert.deepEqual(
        { lost: lost.slice(0, 5), strange: strange.slice(0, 5), rowsTwice: counts.rowsTwice },
        { lost: [], strange: [], rowsTwice: 0 }
      )
      assert.deepEqual(warnings, [])
      assert.equal(counts.acknowledged, counts.sent)
      if (!which.asShipped) assert.equal(counts.lettersTwice, 0)
      if (which.inTransactions) assert.equal(counts.cleanTwice, 0)
    })
  }
})
