/** Devices with a wrong clock or value do nothing to others in the rooms that remember. */
import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import type { Remembering } from '../../../core/state/counted-engine.ts'
import { aggregator } from '../../../nodes/aggregate/logic.ts'
import { spec as aggregateSpec } from '../../../nodes/aggregate/spec.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec as alarmSpec } from '../../../nodes/alarm/spec.ts'
import { deadband } from '../../../nodes/deadband/logic.ts'
import { spec as deadbandSpec } from '../../../nodes/deadband/spec.ts'
import { join } from '../../../nodes/join/logic.ts'
import { spec as joinSpec } from '../../../nodes/join/spec.ts'
import { Met } from '../../../nodes/route/met.ts'
import { routerOverTime } from '../../../nodes/route/over-time.ts'
import { spec as routeSpec } from '../../../nodes/route/spec.ts'
import { type Ran, runMemory, type Step } from './run-memory.ts'

const T0 = Date.UTC(2026, 0, 31)
const SECONDS = 400
const YEAR_S = 366 * 86_400

const limit = { field: 'value', operator: 'gt', value: 24 }
const ROOMS: Readonly<Record<string, () => Remembering<never>>> = {
  aggregate: () => aggregator(parseOptions(aggregateSpec, {})) as never,
  'aggregate in their order': () =>
    aggregator(
      parseOptions(aggregateSpec, {
        functions: [{ function: 'time_avg', field: '', parameter: '', as: '' }]
      })
    ) as never,
  alarm: () => alarm(parseOptions(alarmSpec, { limit: 24, onDelay: '3 s' })) as never,
  deadband: () => deadband(parseOptions(deadbandSpec, { width: 1 })) as never,
  join: () => join(parseOptions(joinSpec, { lateness: '2 s' })) as never,
  route: () =>
    routerOverTime(
      parseOptions(routeSpec, {
        rules: [{ match: 'all', conditions: [limit], time: { lasts: '3 s' } }]
      }),
      new Met(1)
    ) as never
}

const recordOf = (device: string, second: number, more: object = {}): TelemetryRecord => ({
  device_id: device,
  metric: second % 2 === 0 ? 'temperature_c' : 'humidity_pct',
  value: 20 + (second % 37) / 4,
  ts_utc: new Date(T0 + second * 1000).toISOString(),
  ...more
})
const timeAt = (second: number) => ({ ts_utc: new Date(T0 + second * 1000).toISOString() })

/** What a device sends beside its readings, each as it comes at this second. */
const BAD: Readonly<Record<string, (second: number) => object>> = {
  'a clock that is a year ahead': second => timeAt(second + YEAR_S),
  'a clock that is ten years behind': second => timeAt(second - 10 * YEAR_S),
  'a clock that jumps an hour back': second => timeAt(second - 3_600),
  'a clock that jumps 50 minutes ahead, and back': second => timeAt(second + 3_000),
  'no time': () => ({ ts_utc: null }),
  'a time that is none': () => ({ ts_utc: 'yesterday' }),
  'no device': () => ({ device_id: null }),
  NaN: () => ({ value: Number.NaN }),
  'a value that is an object': () => ({ value: { a: 1 } }),
  'a text of a megabyte': () => ({ value: 'x'.repeat(1e6) })
}

const NO_NUMBER = {
  aggregate: 'NOT_A_NUMBER',
  'aggregate in their order': 'NOT_A_NUMBER',
  alarm: 'VALUE_UNUSABLE',
  deadband: 'NOT_A_NUMBER'
}

/** What it is rejected for, by room where that differs; nothing where it is not. */
const CODES: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  'a clock that is a year ahead': 'TS_FUTURE',
  'no time': 'TS_MISSING',
  'a time that is none': 'TS_UNPARSABLE',
  'no device': 'KEY_MISSING',
  NaN: NO_NUMBER,
  'a value that is an object': NO_NUMBER,
  'a text of a megabyte': NO_NUMBER
}

describe('rooms that remember, and devices with a wrong clock or value', () => {
  /** Readings of two devices, and of one more every ninth second with what is bad of it. */
  function ranOf(room: string, bad: ((second: number) => object) | undefined): Ran {
    const steps: Step[] = []
    for (let second = 0; second < SECONDS; second++) {
      const atMs = T0 + second * 1000
      for (const device of ['good-1', 'good-2'])
        steps.push({ given: recordOf(device, second), atMs })
      if (bad === undefined) continue
      const isBad = second % 9 === 4
      steps.push({ given: recordOf('bad', second, isBad ? bad(second) : {}), atMs })
    }
    const { memory, clock, bounds } = ROOMS[room]!()
    return runMemory(memory, [...steps, { silentMs: 3_600_000 }], { clock, bounds })
  }
  /** Which of two keys comes first at one time means nothing. */
  const ofOthers = ({ outputs }: Ran) =>
    outputs
      .flatMap((records, output) => records.map(record => ({ output, record })))
      .filter(({ record }) => String(record.device_id).startsWith('good'))
      .map(each => JSON.stringify(each))
      .sort()

  for (const room of Object.keys(ROOMS))
    it(`${room}: of a new device each time it remembers as many as it may, and says so`, () => {
      const { memory, clock, bounds } = ROOMS[room]!()
      const records = Array.from({ length: 5_000 }, (_, at) => recordOf(`d${at}`, 0))
      const steps = records.map(given => ({ given, atMs: T0 }))
      const ran = runMemory(memory, steps, { clock, bounds: { ...bounds, maxKeys: 100 } })
      const codes = ran.rejected.map(({ reason }) => reason.code)
      assert.deepEqual(
        [ran.keys, codes.length, new Set(codes)],
        [100, 4_900, new Set(['STATE_FULL'])]
      )
    })

  for (const room of Object.keys(ROOMS)) {
    const undisturbed = ofOthers(ranOf(room, undefined))
    for (const [kind, bad] of Object.entries(BAD))
      it(`${room}: ${kind} changes nothing of other devices`, () => {
        const ran = ranOf(room, bad)
        assert.deepEqual(ofOthers(ran), undisturbed)
        assert.ok(undisturbed.length > 0)
        const codes = new Set(ran.rejected.map(({ reason }) => reason.code))
        const byRoom = CODES[kind]
        const code = typeof byRoom === 'object' ? byRoom[room] : byRoom
        assert.deepEqual([...codes], code === undefined ? [] : [code])
        assert.deepEqual(ran.failed, [])
      })
  }
})
