import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { companions, HOME } from '../../../build/palettes.ts'
import { readRooms } from '../../../build/rooms.ts'
import { findings } from '../../../core/advice/checks.ts'
import { CHECK_CODES, type CheckCode } from '../../../core/advice/codes.ts'
import { type FlowEntry, FlowGraph } from '../../../core/advice/flow.ts'
import type { Learnt } from '../../../core/advice/learnt.ts'
import { type NodeSpec, parseField } from '../../../core/node/spec.ts'

const SPECS: Record<string, NodeSpec> = {}
for (const folder of [HOME, ...(await companions()).map(each => each.folder)])
  for (const { spec } of (await readRooms(folder)).rooms) SPECS[spec.type] = spec

/** What is found of the node of this id. */
function found(entries: readonly FlowEntry[], id: string, facts: Learnt = {}) {
  const entry = entries.find(each => each.id === id)!
  const spec = SPECS[entry.type]!
  const options = Object.fromEntries(
    Object.entries(spec.fields).map(([name, field]) => [
      name,
      parseField(field, entry[name] ?? field.default, () => undefined)
    ])
  )
  const flow = new FlowGraph(entries)
  return findings({ entry, outputs: spec.outputs, options, flow, facts })
}

const node = (id: string, type: string, to: string | string[][], more: object = {}): FlowEntry => ({
  id,
  type,
  wires: typeof to === 'string' ? [[to]] : to,
  ...more
})
const source = (to: string, more: object = {}): FlowEntry =>
  node('in', 'millrace-mqtt-ingest', [[to], ['letters']], {
    topic: 'a/{site}/{device_id}',
    ...more
  })
const reader = (to: string, more: object = {}): FlowEntry =>
  node('in', 'millrace-kafka-consumer', [[to], ['letters']], more)
const store = node('store', 'millrace-timescale-sink', [[], ['letters']])
const topic = (to: string) => node('topic', 'millrace-kafka-producer', [[to], ['letters']])
const joining = (count: string, more: object = {}) =>
  node('join', 'join', 'store', { mode: 'custom', count, ...more })

const table = {
  name: 'telemetry',
  hasTimescale: true,
  isPlain: false,
  hasRetention: true,
  hasCompression: true,
  isSmall: false,
  statements: { hypertable: 'SELECT a;', retention: 'SELECT b;', compression: 'SELECT c;' }
}
const busy = { recordsPerSecond: 1500 }
const timer = node('timer', 'inject', 'ask', { repeat: '5' })
const asking = node('ask', 'postgresql', 'topic')

interface Case {
  readonly name: string
  readonly flow: readonly FlowEntry[]
  readonly of: string
  readonly facts?: Learnt
  readonly then: readonly CheckCode[]
}

const CASES: readonly Case[] = [
  { name: 'a flow as it should be', flow: [source('store'), store], of: 'in', then: [] },
  {
    name: 'a source whose rejected records no wire takes',
    flow: [node('in', 'millrace-mqtt-ingest', [['store'], []], { topic: 'a/b/+' }), store],
    of: 'in',
    then: ['REJECTED_UNWIRED']
  },
  {
    name: 'a transform with fewer wires than outputs',
    flow: [reader('check'), node('check', 'millrace-validate', 'store'), store],
    of: 'check',
    then: ['REJECTED_UNWIRED']
  },
  {
    name: 'a sink that takes what others have rejected',
    flow: [reader('store'), store, node('letters', 'millrace-kafka-producer', [[], []])],
    of: 'letters',
    then: []
  },
  {
    name: 'a sink that a person tries by a button',
    flow: [node('try', 'inject', 'topic'), node('topic', 'millrace-kafka-producer', [[], []])],
    of: 'topic',
    then: []
  },
  {
    name: 'the same, left out',
    flow: [
      reader('check'),
      node('check', 'millrace-validate', 'store', { checksOff: 'REJECTED_UNWIRED' }),
      store
    ],
    of: 'check',
    then: []
  },
  {
    name: 'much straight into the database',
    flow: [source('check'), node('check', 'millrace-validate', 'store'), store],
    of: 'in',
    facts: busy,
    then: ['DIRECT_TO_DATABASE']
  },
  {
    name: 'little straight into the database',
    flow: [source('store'), store],
    of: 'in',
    facts: { recordsPerSecond: 900 },
    then: []
  },
  {
    name: 'much with a topic between',
    flow: [source('topic'), topic('store'), store],
    of: 'in',
    facts: busy,
    then: []
  },
  {
    name: 'much out of Kafka',
    flow: [reader('store'), store],
    of: 'in',
    facts: busy,
    then: []
  },
  {
    name: 'much into a database by a link and a node of somebody else',
    flow: [
      source('out'),
      node('out', 'link out', [], { links: ['here'] }),
      node('here', 'link in', 'other'),
      node('other', 'postgresql', [])
    ],
    of: 'in',
    facts: busy,
    then: ['DIRECT_TO_DATABASE']
  },
  {
    name: 'much into a database behind a subflow',
    flow: [
      source('use'),
      node('use', 'subflow:s', [['store']]),
      node('s', 'subflow', [], {
        in: [{ wires: [{ id: 'inner' }] }],
        out: [{ wires: [{ id: 'inner', port: 0 }] }]
      }),
      node('inner', 'function', [[]], { z: 's' }),
      store
    ],
    of: 'in',
    facts: busy,
    then: ['DIRECT_TO_DATABASE']
  },
  ...['telemetry', '{device_id}', 'sensors/data'].map(
    (flat): Case => ({
      name: `the flat topic ${flat}`,
      flow: [source('store', { topic: flat }), store],
      of: 'in',
      then: ['FLAT_TOPIC']
    })
  ),
  ...['#', 'devices/{device_id}', 'a/b/c', 'site/#'].map(
    (levels): Case => ({
      name: `the topic ${levels}`,
      flow: [source('store', { topic: levels }), store],
      of: 'in',
      then: []
    })
  ),
  {
    name: 'a table that is polled',
    flow: [timer, asking, topic('x')],
    of: 'topic',
    then: ['POLLED_TABLE']
  },
  {
    name: 'a table that is polled, through a function',
    flow: [timer, node('ask', 'mysql', 'shape'), node('shape', 'function', 'topic'), topic('x')],
    of: 'topic',
    then: ['POLLED_TABLE']
  },
  {
    name: 'a table that is asked by hand',
    flow: [{ ...timer, repeat: '' }, asking, topic('x')],
    of: 'topic',
    then: []
  },
  {
    name: 'a table that is asked for each record',
    flow: [reader('ask'), asking, topic('x')],
    of: 'topic',
    then: []
  },
  {
    name: 'a hypertable without policies',
    flow: [store],
    of: 'store',
    facts: { table: { ...table, hasRetention: false, hasCompression: false } },
    then: ['NO_RETENTION', 'NO_COMPRESSION']
  },
  {
    name: 'a hypertable with both',
    flow: [store],
    of: 'store',
    facts: { table },
    then: []
  },
  {
    name: 'a plain table where TimescaleDB is not',
    flow: [store],
    of: 'store',
    facts: {
      table: {
        ...table,
        hasTimescale: false,
        isPlain: true,
        hasRetention: false,
        hasCompression: false
      }
    },
    then: ['NO_RETENTION']
  },
  {
    name: 'a table of last values',
    flow: [store],
    of: 'store',
    facts: { table: { ...table, isPlain: true, isSmall: true, hasRetention: false } },
    then: []
  },
  {
    name: 'a table without a unique key',
    flow: [store],
    of: 'store',
    facts: { unprotected: 'The table has no unique index.' },
    then: ['NO_UNIQUE_KEY']
  },
  {
    name: 'a member that gets no partition',
    flow: [reader('store'), store],
    of: 'in',
    facts: { partitions: 0, group: 'g' },
    then: ['MEMBER_IDLE']
  },
  {
    name: 'a member that gets one',
    flow: [reader('store'), store],
    of: 'in',
    facts: { partitions: 1, group: 'g' },
    then: []
  },
  {
    name: 'QoS 0, acknowledged when stored',
    flow: [source('store', { qos: '0', acknowledge: 'stored' }), store],
    of: 'in',
    then: ['QOS_0_NOT_STORED']
  },
  {
    name: 'QoS 0, acknowledged whatever becomes of it',
    flow: [source('store', { qos: '0', acknowledge: 'received' }), store],
    of: 'in',
    then: []
  },
  {
    name: 'a join of more messages than may be in flight',
    flow: [source('join', { maxInFlight: 5000, batchSize: 500 }), joining('20'), store],
    of: 'in',
    then: ['JOIN_EXCEEDS_IN_FLIGHT']
  },
  {
    name: 'a join of fewer',
    flow: [source('join', { maxInFlight: 5000, batchSize: 500 }), joining('10'), store],
    of: 'in',
    then: []
  },
  {
    name: 'a join of parts of a message',
    flow: [
      source('split', { maxInFlight: 10, batchSize: 10 }),
      node('split', 'split', 'join'),
      joining('20'),
      store
    ],
    of: 'in',
    then: []
  },
  {
    name: 'a batch node of more than the partitions may have in flight',
    flow: [
      reader('batch', { perPartition: 5 }),
      node('batch', 'batch', 'store', { mode: 'count', count: 20 }),
      store
    ],
    of: 'in',
    facts: { partitions: 2, group: 'g' },
    then: ['JOIN_EXCEEDS_IN_FLIGHT']
  },
  {
    name: 'a join behind a source that waits for nothing',
    flow: [
      source('join', { maxInFlight: 10, batchSize: 10, acknowledge: 'received' }),
      joining('20'),
      store
    ],
    of: 'in',
    then: []
  }
]

describe('the checks at deploy', () => {
  for (const { name, flow, of, facts, then } of CASES)
    it(`${name}: ${then.join(', ') || 'nothing'}`, () =>
      assert.deepEqual(
        found(flow, of, facts).map(({ code }) => code),
        then
      ))

  it('every one is in the table', () => {
    const seen = new Set(CASES.flatMap(({ then }) => then))
    assert.deepEqual([...seen].sort(), Object.keys(CHECK_CODES).sort())
  })

  it('each says what is so and how to mend it, in words that fit below a node', () => {
    for (const { flow, of, facts } of CASES)
      for (const { words, sentence } of found(flow, of, facts)) {
        assert.ok(words.length <= 19, words)
        assert.match(sentence, /^[A-Z\d].+\.$/s)
      }
  })

  it('what is to be run for a table is said as the table and its columns are called', () => {
    const facts = { table: { ...table, isPlain: true, hasRetention: false } }
    assert.match(found([store], 'store', facts)[0]!.sentence, /SELECT a; .* SELECT b; /)
    const open = { table: { ...table, hasCompression: false } }
    assert.match(found([store], 'store', open)[0]!.sentence, / SELECT c; /)
  })

  it('a circle of wires ends', () => {
    const circle = [source('a'), node('a', 'function', 'b'), node('b', 'function', 'a')]
    assert.deepEqual(found(circle, 'in', busy), [])
  })

  it('the flows and examples of the palette have none', () => {
    const told = ['flows', 'examples', 'palettes/amqp/examples', 'palettes/coap/examples'].flatMap(
      folder => {
        const at = new URL(`../../../${folder}/`, import.meta.url)
        return readdirSync(at).flatMap(file => {
          const entries = JSON.parse(readFileSync(new URL(file, at), 'utf8')) as FlowEntry[]
          return entries
            .filter(({ type }) => type in SPECS)
            .flatMap(({ id }) => found(entries, id).map(({ code }) => `${file} ${id} ${code}`))
        })
      }
    )
    assert.deepEqual(told, [])
  })
})
