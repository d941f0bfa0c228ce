import assert from 'node:assert/strict'
import { isRejection, provenanceOf } from '../../../core/record/record.ts'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { contentOf, payloadOf } from '../../core/sparkplug/publisher.ts'
import { plant, Scene } from './host-scene.ts'

describe('sparkplug-ingest: births and data', () => {
  before(loadWire)

  it('a birth gives names, types and units to what comes by alias', () => {
    const edge = plant()
    const scene = new Scene().take(...edge.births(), edge.data('d1', { temperature: 21.5 }))
    assert.deepEqual(scene.lines, [
      'G/E online true',
      'G/E load 1',
      'G/E/d1 online true',
      'G/E/d1 temperature 20',
      'G/E/d1 temperature 21.5'
    ])
    assert.deepEqual(JSON.parse(JSON.stringify(scene.records[4])), {
      device_id: 'G/E/d1',
      group: 'G',
      edge_node: 'E',
      device: 'd1',
      metric: 'temperature',
      value: 21.5,
      ts: 1_708_700_000_021,
      type: 'Double',
      units: '°C'
    })
    const { origin, key, raw } = provenanceOf(scene.records[4])!.taken
    assert.deepEqual([origin.kind, key], ['mqtt', 'G/E/d1'])
    assert.ok(raw!.length > 0)
    assert.deepEqual(scene.commands, [])
  })

  it('says what a metric says of itself: null, historical, transient, quality', () => {
    const edge = plant()
    const quality = { keys: ['Quality'], values: [{ type: 3, int_value: 500 }] }
    const alias = edge.aliasOf('d1', 'temperature')
    const scene = new Scene({ birthValues: false, statusMetric: '', deviceId: 'name' }).take(
      ...edge.births(),
      edge.raw('DDATA', 'd1', [
        { alias, timestamp: 5, is_null: true, is_historical: true },
        { alias, timestamp: 6, double_value: 1, is_transient: true, properties: quality }
      ])
    )
    const [empty, stale] = scene.records
    assert.deepEqual(
      [empty!.value, empty!.is_null, empty!.is_historical, empty!.ts, empty!.device_id],
      [null, true, true, 5, 'd1']
    )
    assert.deepEqual(
      [stale!.is_transient, stale!.quality, stale!.properties, stale!.units],
      [true, 500, { Quality: 500 }, '°C']
    )
    assert.equal(scene.count('filtered'), 2, 'the values of births, by choice')
  })

  it('a metric that is wrong is rejected alone', () => {
    const edge = plant()
    const scene = new Scene({ statusMetric: '' }).take(
      edge.nbirth(),
      edge.raw('NDATA', undefined, [
        { name: 'load', timestamp: 1, string_value: 'x' },
        { name: 'new', timestamp: 1, datatype: 77, int_value: 1 },
        { name: 'none', timestamp: 1, int_value: 1 },
        { timestamp: 1, int_value: 1 },
        { name: 'load', timestamp: 1, double_value: 5 }
      ])
    )
    assert.deepEqual(scene.lines, ['G/E load 1', 'G/E load 5'])
    assert.deepEqual(
      scene.rejected.map(({ reason }) => [reason.code, reason.path]),
      [
        ['SPARKPLUG_VALUE_INVALID', 'metrics.0'],
        ['SPARKPLUG_TYPE_UNKNOWN', 'metrics.1'],
        ['SPARKPLUG_TYPE_UNKNOWN', 'metrics.2'],
        ['FORMAT_INVALID', 'metrics.3']
      ]
    )
    assert.ok(scene.rejected.every(letter => isRejection(letter) && letter.raw!.length > 0))
  })

  it('a property that could change other objects is refused', () => {
    const edge = plant()
    const properties = { keys: ['__proto__'], values: [{ type: 12, string_value: 'x' }] }
    const scene = new Scene().take(
      edge.nbirth(),
      edge.raw('NDATA', undefined, [{ name: 'load', double_value: 1, properties }])
    )
    assert.deepEqual(scene.codes, ['KEY_FORBIDDEN'])
  })

  it('gives the same records again in new objects', () => {
    const edge = plant()
    const { pieces } = new Scene().take(...edge.births())
    for (const { split, again } of pieces) {
      assert.deepEqual(again(), split)
      assert.notEqual(again().accepted[0], split.accepted[0])
    }
    assert.equal(pieces.length, 4)
  })

  it('commands of hosts are passed over, other topics are rejected', () => {
    const scene = new Scene().take(
      { topic: 'spBv1.0/G/NCMD/E', payload: payloadOf({ metrics: [] }) },
      { topic: 'spBv1.0/G/WHAT/E', payload: Buffer.from('x') },
      { topic: 'spBv1.0/G/NDATA/E', payload: Buffer.from('rubbish') }
    )
    assert.deepEqual(scene.codes, ['TOPIC_MISMATCH', 'FORMAT_INVALID'])
    assert.equal(scene.outcomes.length, 3, 'each is acknowledged')
  })
})

describe('sparkplug-ingest: order', () => {
  before(loadWire)

  it('brings into order what the server has mixed up', () => {
    const edge = plant()
    const scene = new Scene({ statusMetric: '', birthValues: false })
    const births = edge.births()
    const data = [1, 2, 3, 4].map(value => edge.data('d1', { temperature: value }))
    scene.take(...births, data[2]!, data[0]!, data[3]!).pass(50)
    assert.deepEqual(scene.lines, ['G/E/d1 temperature 1'])
    scene.take(data[1]!).pass(1000)
    assert.deepEqual(
      scene.lines,
      [1, 2, 3, 4].map(value => `G/E/d1 temperature ${value}`)
    )
    assert.deepEqual(scene.commands, [])
  })

  it('over the end of the numbers at 255', () => {
    const edge = plant()
    const scene = new Scene({ statusMetric: '', birthValues: false }).take(...edge.births())
    for (let value = 0; value < 600; value++) scene.take(edge.data('d1', { temperature: value }))
    assert.equal(scene.lines.length, 600)
    assert.deepEqual(scene.commands, [])
  })

  it('births that overtake each other need no other births', () => {
    const edge = plant()
    const [node, device] = edge.births()
    const scene = new Scene().take(device!).pass(50).take(node!).pass(1000)
    assert.deepEqual(scene.lines, [
      'G/E online true',
      'G/E load 1',
      'G/E/d1 online true',
      'G/E/d1 temperature 20'
    ])
    assert.deepEqual([scene.commands, scene.host.held], [[], 0])
  })

  it('a gap: births are asked for once, and what waits is read by them', () => {
    const edge = plant()
    const scene = new Scene({ statusMetric: '', birthValues: false }).take(...edge.births())
    edge.lose()
    scene.take(edge.data('d1', { temperature: 3 }), edge.data('', { load: 4 })).pass(2000)
    assert.deepEqual([scene.lines, scene.commands.length, scene.host.held], [[], 1, 2])
    const { topic, payload } = scene.commands[0]!
    assert.equal(topic, 'spBv1.0/G/NCMD/E')
    const [command] = contentOf(payload).metrics
    assert.deepEqual([command!.name, command!.boolean_value], ['Node Control/Rebirth', true])
    scene.take(...edge.births(), edge.data('d1', { temperature: 5 })).pass(10_000)
    assert.deepEqual(scene.lines, ['G/E load 4', 'G/E/d1 temperature 3', 'G/E/d1 temperature 5'])
    assert.deepEqual([scene.commands.length, scene.host.held], [1, 0])
  })

  it('a lost birth gives no value to the metric that had its alias before', () => {
    const edge = plant()
    const scene = new Scene({ statusMetric: '', birthValues: false }).take(...edge.births())
    scene.take(edge.data('d1', { temperature: 1 }))
    edge.metrics.set('d1', [{ name: 'pressure', datatype: 10, double_value: 9 }])
    edge.restart(1)
    edge.births()
    scene.take(edge.data('d1', { pressure: 7 })).pass(500)
    assert.deepEqual(scene.lines, ['G/E/d1 temperature 1'])
    scene.take(...edge.births())
    assert.equal(scene.lines.at(-1), 'G/E/d1 pressure 7')
  })

  it('the same message twice is one, also a birth', () => {
    const edge = plant()
    const births = edge.births()
    const data = edge.data('d1', { temperature: 3 })
    const scene = new Scene().take(...births, births[0]!, data, data, births[1]!).pass(1000)
    assert.equal(scene.lines.length, 5)
    assert.equal(scene.count('duplicates'), 3 + 1 + 1)
    assert.deepEqual(scene.commands, [])
  })
})
