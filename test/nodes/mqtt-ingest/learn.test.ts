import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { parseOptions } from '../../../core/node/spec.ts'
import { learn } from '../../../nodes/mqtt-ingest/learn.ts'
import { previewed } from '../../../nodes/mqtt-ingest/preview.ts'
import { spec } from '../../../nodes/mqtt-ingest/spec.ts'

const READING = Buffer.from('{"temperature":21.5,"humidity":40}')

interface Case {
  readonly name: string
  readonly typed: string
  readonly topics: readonly string[]
  readonly payload: Buffer
  readonly settings: object
  /** The record that the first message becomes. */
  readonly record: object
}

const cases: readonly Case[] = [
  {
    name: 'a level that was left open is the device',
    typed: 'tele/+/SENSOR',
    topics: ['tele/plug-1/SENSOR', 'tele/plug-2/SENSOR'],
    payload: READING,
    settings: { output: 'records', topic: 'tele/{device_id}/SENSOR', keyField: 'device_id' },
    record: { temperature: 21.5, humidity: 40, device_id: 'plug-1' }
  },
  {
    name: 'a topic that was typed whole subscribes to nothing else',
    typed: 'tele/plug-1/SENSOR',
    topics: ['tele/plug-1/SENSOR'],
    payload: READING,
    settings: { output: 'records', topic: 'tele/{device_id:plug-1}/SENSOR', keyField: 'device_id' },
    record: { temperature: 21.5, humidity: 40, device_id: 'plug-1' }
  },
  {
    name: 'an id of 19 digits keeps all of them',
    typed: 'ids/+/data',
    topics: ['ids/a/data', 'ids/b/data'],
    payload: Buffer.from('{"id":9007199254740993123,"value":21.5}'),
    settings: {
      output: 'records',
      exact: true,
      topic: 'ids/{device_id}/data',
      keyField: 'device_id'
    },
    record: { id: 9007199254740993123n, value: 21.5, device_id: 'a' }
  },
  {
    name: 'what # stands for stays open',
    typed: 'plant/#',
    topics: ['plant/pump7/data', 'plant/pump8/data'],
    payload: READING,
    settings: { output: 'records', topic: 'plant/{device_id}/#', keyField: 'device_id' },
    record: { temperature: 21.5, humidity: 40, device_id: 'pump7' }
  },
  {
    name: 'a bare value, measured by what the topic says',
    typed: 'home/+/sensor/+/state',
    topics: ['home/kitchen/sensor/temperature/state', 'home/hall/sensor/humidity/state'],
    payload: Buffer.from('23.5'),
    settings: {
      output: 'decoded',
      format: 'bare',
      topic: 'home/{device_id}/sensor/{metric}/state',
      keyField: 'device_id'
    },
    record: { value: 23.5, device_id: 'kitchen', metric: 'temperature' }
  },
  {
    name: 'a list that is packed',
    typed: '{site}/{device_id}',
    topics: ['hall/d1'],
    payload: gzipSync('[{"a":1},{"a":2}]'),
    settings: { output: 'decoded', format: 'json', decompress: true, at: 'list', path: '' },
    record: { a: 1, site: 'hall', device_id: 'd1' }
  }
]

describe('nodes/mqtt-ingest, learn and preview', () => {
  for (const { name, typed, topics, payload, settings, record } of cases) {
    it(`${name}`, async () => {
      const observed = topics.map(topic => ({ topic, payload }))
      const { findings } = await learn(observed, { topic: typed }, {})
      const found = Object.assign({}, ...findings.map(each => each.settings))
      assert.deepEqual(found, settings)
      const options = parseOptions(spec, { topic: typed, ...found, broker: 'any' })
      const { outputs } = await previewed(options).sort({ topic: topics[0]!, payload })
      assert.deepEqual({ ...(outputs[0]![0] as object) }, { ...record, ...provenanceOf(outputs) })
    })
  }

  it('every topic: the one kind that was heard is proposed, as a newcomer sends it', async () => {
    const topics = ['sensors/kitchen/temperature', 'sensors/hall/temperature']
    for (const payload of [Buffer.from('21.5'), READING]) {
      const observed = topics.map(topic => ({ topic, payload }))
      const { findings, questions } = await learn(observed, { topic: '#' }, {})
      const found = Object.assign({}, ...findings.map(each => each.settings))
      assert.deepEqual(questions, [])
      assert.equal(found.topic, 'sensors/{device_id}/temperature')
    }
  })

  it('every topic: of several kinds a person chooses one, or all', async () => {
    const observed = [
      { topic: 'sensors/kitchen/temperature', payload: Buffer.from('21.5') },
      { topic: 'tele/plug-1/SENSOR/x', payload: READING },
      { topic: 'tele/plug-2/SENSOR/x', payload: READING }
    ]
    const asked = await learn(observed, { topic: '#' }, {})
    const [question] = asked.questions
    assert.equal(question!.answer, '')
    assert.deepEqual(Object.keys(question!.choices), [
      'tele/{device_id}/SENSOR/x',
      'sensors/{device_id}/{metric}',
      '#'
    ])
    const settings = async (topics: string) => {
      const { findings, questions } = await learn(observed, { topic: '#' }, { topics })
      assert.equal(questions[0]!.answer, topics)
      return Object.assign({}, ...findings.map(each => each.settings)) as Record<string, unknown>
    }
    const plugs = await settings('tele/{device_id}/SENSOR/x')
    assert.deepEqual([plugs.topic, plugs.output], ['tele/{device_id}/SENSOR/x', 'records'])
    const kitchen = await settings('sensors/{device_id}/{metric}')
    assert.deepEqual([kitchen.topic, kitchen.format], ['sensors/{device_id}/{metric}', 'bare'])
    assert.equal((await settings('#')).topic, undefined)
  })

  it('by default nothing that is no topic of the server is left out', async () => {
    const { sort } = previewed(parseOptions(spec, { broker: 'any' }))
    const { outputs } = await sort({ topic: 'sensors/kitchen/temperature', payload: READING })
    assert.equal(outputs[0]!.length, 1)
  })

  it('says why a message would be rejected, and that one is for others', async () => {
    const options = parseOptions(spec, { topic: 'a/{device_id}/data', broker: 'any' })
    const { sort } = previewed(options)
    const bad = await sort({ topic: 'a/d1/data', payload: Buffer.from('{') })
    assert.equal((bad.outputs[1]![0] as { reason: { code: string } }).reason.code, 'JSON_INVALID')
    const other = await sort({ topic: 'a/d1/status', payload: READING })
    assert.deepEqual([other.outputs, other.filtered], [[[], []], 1])
  })
})

/** The symbol by which a record knows where it came from. */
const provenanceOf = (outputs: readonly (readonly unknown[])[]) =>
  Object.fromEntries(
    Object.getOwnPropertySymbols(outputs[0]![0]).map(symbol => [
      symbol,
      (outputs[0]![0] as Record<symbol, unknown>)[symbol]
    ])
  )

describe('nodes/mqtt-ingest, kinds of topics', () => {
  it('what fits anything of as many levels is offered behind what says more', async () => {
    const topics = [
      'acme/hall/t/d-1/reading',
      'acme/hall/t/d-2/reading',
      'v3/plant/devices/eui-7/up'
    ]
    const observed = topics.map(topic => ({ topic, payload: READING }))
    const { questions } = await learn(observed, { topic: '#' }, {})
    const [question] = questions
    assert.deepEqual(Object.keys(question!.choices), [
      'acme/hall/t/{device_id}/reading',
      'v3/plant/devices/{device_id}/up',
      '{site}/{area}/{group}/{device_id}/{part}',
      '#'
    ])
  })
})
