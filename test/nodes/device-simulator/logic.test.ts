import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { FAULTS } from '../../../nodes/device-simulator/faults.ts'
import type { Reading } from '../../../nodes/device-simulator/fleet.ts'
import { fleetOf, Simulation } from '../../../nodes/device-simulator/logic.ts'
import { seededRandom } from '../../../nodes/device-simulator/random.ts'
import { spec } from '../../../nodes/device-simulator/spec.ts'

const optionsOf = (raw: Record<string, unknown>) => parseOptions(spec, { broker: 'some', ...raw })
const NOW_MS = 1_708_700_000_000
const ALL_FAULTS = Object.fromEntries(FAULTS.map(fault => [`${fault}Pct`, 10]))

function readingsOf(raw: Record<string, unknown>, count: number, stepMs = 100): Reading[] {
  const fleet = fleetOf(optionsOf(raw))
  return Array.from({ length: count }, (_, index) => fleet.next(NOW_MS + index * stepMs))
}
const parsed = ({ payload }: Reading) =>
  JSON.parse(payload) as {
    device_id: string
    metric: string
    value: unknown
    ts: unknown
    seq?: number
  }

describe('device-simulator options', () => {
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ topic: 'acme/+/{device_id}' }, /Topic: a topic to publish to has no \+ and #/],
    [{ topic: 'acme/{device}' }, /Topic: there is no \{device\}; the fields are/],
    [{ metrics: [] }, /Metrics: there must be at least one/],
    [
      { metrics: [{ metric: 'x', deviceType: 'y', min: 2, max: 1, periodS: 1 }] },
      /the lowest value of x is above the highest/
    ],
    [{ target: 'sparkplug', sites: 101 }, /a connection for each; at most 100 are made/],
    [{ malformedPct: 60, latePct: 50 }, /Faults: together they are more than 100 %/]
  ]
  for (const [raw, message] of wrong)
    it(String(message), () => assert.throws(() => fleetOf(optionsOf(raw)), message))
})

describe('device-simulator fleet', () => {
  it('makes readings of each device and metric in turn', () => {
    const readings = readingsOf({ devices: 3, sequence: true }, 12)
    assert.deepEqual(
      readings.map(parsed).map(({ device_id, metric, seq }) => `${device_id} ${metric} ${seq}`),
      [1, 2, 3, 4].flatMap(seq =>
        ['001', '002', '003'].map(
          id => `sensor-${id} ${seq % 2 ? 'temperature_c' : 'humidity_pct'} ${seq}`
        )
      )
    )
    assert.equal(readings[0]!.topic, 'acme/site-01/temperature/sensor-001/reading')
    assert.equal(readings[4]!.topic, 'acme/site-02/humidity/sensor-002/reading')
  })

  it('makes the same again from the same seed, and something else from another', () => {
    const payloads = (seed: number) =>
      readingsOf({ ...ALL_FAULTS, seed }, 500).map(({ payload }) => payload)
    assert.deepEqual(payloads(7), payloads(7))
    assert.notDeepEqual(payloads(7), payloads(8))
  })

  it('never gives a device and metric the same time twice, however fast it is', () => {
    const readings = readingsOf({ devices: 2 }, 5000, 0)
    const keys = readings
      .map(parsed)
      .map(({ device_id, metric, ts }) => `${device_id} ${metric} ${ts}`)
    assert.equal(new Set(keys).size, keys.length)
  })

  it('keeps values between the lowest and the highest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.nat(),
        (min, span, seed) => {
          const metrics = [{ metric: 'x', deviceType: 'y', min, max: min + span, periodS: 10 }]
          for (const { value } of readingsOf({ metrics, seed }, 50).map(parsed)) {
            assert.ok(typeof value === 'number' && value >= min && value <= min + span)
          }
        }
      ),
      { numRuns: 50 }
    )
  })

  it('has as many faults as it is told to, and each as it is described', () => {
    const count = 20_000
    const readings = readingsOf({ ...ALL_FAULTS, lateS: 600, skewS: 7200 }, count)
    for (const fault of FAULTS) {
      const share = readings.filter(reading => reading.fault === fault).length / count
      assert.ok(Math.abs(share - 0.1) < 0.01, `${fault}: ${share}`)
    }
    for (const [index, reading] of readings.entries()) {
      const madeMs = NOW_MS + index * 100
      if (reading.fault === 'malformed') {
        assert.throws(() => JSON.parse(reading.payload))
        continue
      }
      const { ts, value } = parsed(reading)
      if (reading.fault === 'late') assert.equal(ts, madeMs - 600_000)
      else if (reading.fault === 'skew') assert.equal(ts, madeMs + 7_200_000)
      else if (reading.fault === 'seconds') assert.equal(ts, madeMs / 1000)
      else if (reading.fault === 'zoneless') assert.equal(`${ts}Z`, new Date(madeMs).toISOString())
      else assert.equal(ts, madeMs)
      assert.equal(typeof value === 'number', reading.fault !== 'invalid')
    }
  })

  it('draws evenly', () => {
    const random = seededRandom(1)
    const draws = Array.from({ length: 10_000 }, random)
    assert.ok(draws.every(draw => draw >= 0 && draw < 1))
    assert.ok(Math.abs(draws.reduce((sum, draw) => sum + draw, 0) / draws.length - 0.5) < 0.02)
  })
})

describe('device-simulator pace', () => {
  const setUp = (raw: Record<string, unknown>) => {
    const options = optionsOf(raw)
    const sent: Reading[] = []
    const state = { room: Number.POSITIVE_INFINITY }
    const simulation = new Simulation(
      fleetOf(options),
      options,
      reading => sent.length < state.room && sent.push(reading) > 0
    )
    return { simulation, sent, state }
  }

  it('sends as many a second as it is told to', () => {
    const { simulation, sent } = setUp({ ratePerSecond: 50 })
    for (let ms = 0; ms <= 10_000; ms += 20) simulation.tick(NOW_MS + ms)
    assert.ok(Math.abs(sent.length - 500) <= 1, String(sent.length))
  })

  it('waits where there is no room, and catches up at most a second', () => {
    const { simulation, sent, state } = setUp({ ratePerSecond: 100 })
    state.room = 5
    for (let ms = 0; ms <= 60_000; ms += 20) simulation.tick(NOW_MS + ms)
    assert.equal(sent.length, 5)
    state.room = Number.POSITIVE_INFINITY
    simulation.tick(NOW_MS + 60_020)
    assert.equal(sent.length, 105)
  })

  it('stops after the count, with each duplicate sent twice', () => {
    const { simulation, sent } = setUp({ ratePerSecond: 1000, count: 300, duplicatePct: 20 })
    for (let ms = 0; ms <= 10_000; ms += 20) simulation.tick(NOW_MS + ms)
    const { readings, faults } = simulation.progress
    assert.deepEqual([readings, simulation.finished], [300, true])
    assert.equal(sent.length, 300 + faults.duplicate)
    assert.ok(faults.duplicate > 30)
  })

  it('sends as many again when it is started again after its end', () => {
    const { simulation } = setUp({ ratePerSecond: 1000, count: 30 })
    for (let ms = 0; ms <= 1000; ms += 20) simulation.tick(NOW_MS + ms)
    simulation.again()
    assert.equal(simulation.finished, false)
    for (let ms = 1000; ms <= 2000; ms += 20) simulation.tick(NOW_MS + ms)
    assert.deepEqual([simulation.readings, simulation.finished], [60, true])
  })
})
