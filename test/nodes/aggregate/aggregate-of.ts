import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { aggregator } from '../../../nodes/aggregate/logic.ts'
import { spec } from '../../../nodes/aggregate/spec.ts'
import { type Ran, type RunOptions, runMemory, type Step } from '../../core/state/run-memory.ts'

/** A Saturday. */
export const BEGIN_MS = Date.UTC(2026, 0, 31)

/** A reading so many seconds after the beginning. */
export const reading = (
  seconds: number,
  value: unknown,
  more: TelemetryRecord = {}
): TelemetryRecord => ({
  device_id: 'd1',
  metric: 'level',
  value,
  ts_utc: new Date(BEGIN_MS + seconds * 1000).toISOString(),
  ...more
})

export const rows = (...functions: readonly string[]) =>
  functions.map(text => {
    const [name, parameter = '', field = '', as = ''] = text.split(':')
    return { function: name, parameter, field, as }
  })

/** Runs the node in virtual time; the results as it makes them. */
export function aggregate(
  options: Readonly<Record<string, unknown>>,
  steps: readonly Step[],
  more: Pick<RunOptions, 'restarts'> = {}
): Ran & {
  readonly results: readonly TelemetryRecord[]
  readonly lates: readonly TelemetryRecord[]
} {
  const { memory, clock, bounds } = aggregator(parseOptions(spec, options))
  const ran = runMemory(memory, steps, { clock, bounds, ...more })
  return { ...ran, results: ran.outputs[0] ?? [], lates: ran.outputs[1] ?? [] }
}

/** What is short to compare: seconds since the beginning, and the fields named. */
export const told = (results: readonly TelemetryRecord[], ...fields: readonly string[]) =>
  results.map(record => [
    (Date.parse(String(record.window_start)) - BEGIN_MS) / 1000,
    (Date.parse(String(record.window_end)) - BEGIN_MS) / 1000,
    ...fields.map(field => record[field])
  ])

/** Longer than everything waits. */
export const SILENCE: Step = { silentMs: 10 * 60_000 }
