import assert from 'node:assert/strict'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { Edge } from './edge.ts'
import { CLOCK_MS, plant, Scene } from './host-scene.ts'

describe('sparkplug-ingest: births that are missing', () => {
  before(loadWire)

  it('data before a birth waits, and births are asked for after a moment', () => {
    const edge = plant()
    edge.births()
    const scene = new Scene({ statusMetric: '', birthValues: false })
    scene.take(edge.data('d1', { temperature: 1 }))
    assert.deepEqual(scene.commands, [])
    scene.pass(1000).take(...edge.births())
    assert.deepEqual([scene.lines, scene.commands.length], [['G/E/d1 temperature 1'], 1])
  })

  for (const [birthValues, lines] of [
    [true, ['G/E/d1 temperature 20']],
    [false, []]
  ] as const)
    it(`the birth of a device whose edge node has told none that was heard, with values ${birthValues}`, () => {
      for (const comes of [true, false]) {
        const edge = plant()
        const [, ...devices] = edge.births()
        const scene = new Scene({ statusMetric: '', birthValues }).take(...devices)
        if (comes) scene.take(edge.raw('NBIRTH', undefined, []))
        scene.pass(7000)
        assert.deepEqual([scene.lines, scene.codes], [lines, []])
      }
    })

  it('a birth that never comes: rejected in time, but for what says all by itself', () => {
    const edge = plant()
    edge.births()
    const scene = new Scene().take(
      edge.data('d1', { temperature: 1 }),
      edge.raw('NDATA', undefined, [
        { name: 'a', timestamp: 1, datatype: 3, int_value: 4 },
        { name: 'b', timestamp: 1, int_value: 4 }
      ])
    )
    scene.pass(7000)
    assert.deepEqual(scene.codes, ['SPARKPLUG_BIRTH_MISSING', 'SPARKPLUG_BIRTH_MISSING'])
    assert.deepEqual([scene.lines, scene.host.held], [['G/E a 4'], 0])
  })

  it('is asked for with pauses that grow', () => {
    const edge = plant()
    const scene = new Scene({ rebirthPauseS: 10 })
    for (let second = 0; second < 300; second++)
      scene.take(edge.data('d1', { temperature: second })).pass(1000, 500)
    const times = scene.commands.map(({ atMs }) => Math.round(atMs / 1000))
    const pauses = times.slice(1).map((time, index) => time - times[index]!)
    assert.deepEqual(
      pauses.map(pause => Math.round(pause / 10) * 10),
      [10, 20, 40, 80]
    )
  })

  it('of many edge nodes so many a second', () => {
    const scene = new Scene({ rebirthsPerSecond: 20 })
    for (let number = 0; number < 500; number++) {
      const edge = new Edge('G', `E${number}`)
      edge.nbirth()
      scene.take(edge.data('', { load: 1 }))
    }
    scene.pass(5000)
    assert.ok(scene.commands.length <= 121 && scene.commands.length >= 100)
    scene.pass(25_000)
    assert.equal(scene.commands.length, 500)
    assert.equal(new Set(scene.commands.map(({ topic }) => topic)).size, 500)
  })

  it('is not asked for where that is off', () => {
    const edge = plant()
    edge.births()
    const scene = new Scene({ askRebirth: false }).take(edge.data('d1', { temperature: 1 }))
    scene.pass(7000)
    assert.deepEqual([scene.codes, scene.commands], [['SPARKPLUG_BIRTH_MISSING'], []])
  })

  it('an alias that no birth has, and one that two metrics have', () => {
    const edge = plant()
    const scene = new Scene({ statusMetric: '', birthValues: false })
    const twice = ['a', 'b'].map(name => ({ name, alias: 9, datatype: 10, double_value: 1 }))
    scene.take(edge.nbirth(), edge.raw('DBIRTH', 'd2', twice))
    scene.take(
      edge.raw('NDATA', undefined, [{ alias: 77, double_value: 1 }]),
      edge.raw('DDATA', 'd2', [{ alias: 9, double_value: 1 }])
    )
    assert.deepEqual(scene.codes, ['SPARKPLUG_ALIAS_UNKNOWN', 'SPARKPLUG_ALIAS_UNKNOWN'])
    assert.match(scene.rejected[1]!.reason.message, /stands for several metrics/)
    scene.pass(5000)
    assert.equal(scene.commands.length, 1)
  })

  it('waits within bounds: the oldest makes room', () => {
    const scene = new Scene()
    for (let number = 0; number < 11; number++) {
      const edge = new Edge('G', `E${number}`)
      for (let value = 0; value < 1000; value++) scene.take(edge.data('', { load: value }))
    }
    assert.equal(scene.host.held, 10_000)
    assert.equal(scene.codes.length, 1000)
    scene.host.end()
    assert.deepEqual([scene.host.held, scene.codes.length], [0, 11_000])
  })

  it('a new session with the server: nothing is taken for known any more', () => {
    const edge = plant()
    const scene = new Scene({ birthValues: false }).take(...edge.births())
    scene.host.lostSight()
    scene.take(edge.data('d1', { temperature: 1 })).pass(1000)
    assert.equal(scene.commands.length, 1)
    scene.take(...edge.births())
    assert.deepEqual(scene.lines, ['G/E online true', 'G/E/d1 online true', 'G/E/d1 temperature 1'])
  })
})

describe('sparkplug-ingest: deaths', () => {
  before(loadWire)

  const statusOf = (scene: Scene) =>
    scene.records
      .filter(({ metric }) => metric === 'online')
      .map(
        ({ device_id, value, ts }) => `${device_id} ${value} ${ts === CLOCK_MS ? 'now' : 'then'}`
      )

  it('of an edge node are those of its devices', () => {
    const edge = plant()
    const scene = new Scene().take(...edge.births(), edge.ndeath())
    assert.deepEqual(statusOf(scene), [
      'G/E true then',
      'G/E/d1 true then',
      'G/E false now',
      'G/E/d1 false now'
    ])
    assert.equal(scene.host.online, 0)
  })

  it('of a session that has ended end no other', () => {
    const edge = plant()
    const scene = new Scene().take(...edge.births())
    const death = edge.ndeath()
    edge.restart()
    scene.take(...edge.births(), death, edge.data('d1', { temperature: 3 })).pass(1000)
    assert.equal(scene.count('filtered'), 1)
    assert.equal(scene.host.online, 1)
    assert.equal(scene.lines.at(-1), 'G/E/d1 temperature 3')
    assert.deepEqual(scene.commands, [])
  })

  it('come once, however often they are told', () => {
    const edge = plant()
    const scene = new Scene().take(...edge.births(), edge.ndeath(), edge.ndeath())
    assert.equal(statusOf(scene).filter(line => /false/.test(line)).length, 2)
    assert.equal(scene.count('filtered'), 1)
  })

  it('of a device: what it sends then needs a birth', () => {
    const edge = plant()
    const scene = new Scene({ birthValues: false }).take(...edge.births(), edge.ddeath('d1'))
    scene.take(edge.data('d1', { temperature: 3 }), edge.data('', { load: 2 })).pass(1000)
    assert.equal(scene.commands.length, 1)
    assert.equal(scene.lines.at(-1), 'G/E load 2', 'the edge node itself goes on')
    scene.take(edge.dbirth('d1'))
    assert.deepEqual(scene.lines.slice(-2), ['G/E/d1 temperature 3', 'G/E/d1 online true'])
  })

  it('after a restart the new aliases count', () => {
    const edge = plant()
    const scene = new Scene({ birthValues: false, statusMetric: '' }).take(...edge.births())
    scene.take(edge.data('d1', { temperature: 1 }), edge.ndeath())
    edge.restart()
    scene.take(...edge.births(), edge.data('d1', { temperature: 2 }))
    assert.deepEqual(scene.lines, ['G/E/d1 temperature 1', 'G/E/d1 temperature 2'])
  })

  it('what waited for the births of the dead is not kept for those of others', () => {
    const edge = plant()
    edge.births()
    const scene = new Scene().take(edge.data('d1', { temperature: 1 }), edge.ndeath())
    assert.deepEqual([scene.codes, scene.host.held], [['SPARKPLUG_BIRTH_MISSING'], 0])
  })
})

describe('sparkplug-ingest: what is large', () => {
  before(loadWire)

  it('100,000 metrics in one birth', () => {
    const edge = new Edge('G', 'E')
    const metrics = Array.from({ length: 99_998 }, (_, index) => ({
      name: `m${index}`,
      datatype: 10,
      double_value: index
    }))
    edge.metrics.set('', metrics)
    const scene = new Scene({ statusMetric: '' }).take(edge.nbirth())
    assert.equal(scene.records.length, 99_998)
    edge.metrics.set('', [...metrics, { name: 'one more', datatype: 10, double_value: 1 }])
    const refused = new Scene().take(edge.nbirth())
    assert.deepEqual(refused.codes, ['MEASUREMENTS_TOO_MANY'])
  })
})
