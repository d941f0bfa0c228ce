import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import type { Remembering } from '../../../core/state/counted-engine.ts'
import { Met } from '../../../nodes/route/met.ts'
import { type RouteState, routerOverTime } from '../../../nodes/route/over-time.ts'
import { spec } from '../../../nodes/route/spec.ts'
import { type Ran, runMemory, type Step } from '../../core/state/run-memory.ts'

export const T0 = Date.parse('2026-03-02T10:00:00Z')
export const isoAt = (second: number) => new Date(T0 + second * 1000).toISOString()

export const at = (second: number, value: unknown, more: object = {}): TelemetryRecord => ({
  device_id: 'a',
  metric: 't',
  value,
  ts_utc: isoAt(second),
  ...more
})

export const silent = (seconds: number): Step => ({ silentMs: seconds * 1000 })
export const row = (operator: string, value?: unknown, value2?: unknown, field = 'value') => ({
  field,
  operator,
  ...(value === undefined ? {} : { value }),
  ...(value2 === undefined ? {} : { value2 })
})
export const rule = (conditions: object[], time: object = {}, match = 'all') => ({
  match,
  conditions,
  ...(Object.keys(time).length === 0 ? {} : { time })
})

export function overTime(options: object, rules = 1): Remembering<RouteState> {
  const remembering = routerOverTime(parseOptions(spec, { ...options }), new Met(rules))
  if (remembering === undefined) throw new Error('No rule is over time.')
  return remembering
}

export function run(options: object, steps: readonly Step[], restarts = false): Ran {
  const { memory, clock, bounds } = overTime(options)
  return runMemory(memory, steps, { clock, bounds, restarts })
}

/** What left by an output: the second of each record, `!second` for one that tells of a silence. */
export const told = (ran: Ran, output = 0): string[] =>
  (ran.outputs[output] ?? []).map(record => {
    const second = (Date.parse(String(record.ts_utc)) - T0) / 1000
    return record.missing === undefined ? String(second) : `!${second}`
  })
