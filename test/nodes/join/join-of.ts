import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { join } from '../../../nodes/join/logic.ts'
import { spec } from '../../../nodes/join/spec.ts'
import { type Ran, runMemory, type Step } from '../../core/state/run-memory.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')

/** A record so many seconds after the beginning. */
export const at = (
  second: number,
  metric: string,
  value: unknown,
  more: TelemetryRecord = {}
): TelemetryRecord => ({
  device_id: 'a',
  metric,
  value,
  ts_utc: new Date(T0 + second * 1000).toISOString(),
  ...more
})

/** Of the two inputs. */
export const x = (second: number, value: unknown, more?: TelemetryRecord) =>
  at(second, 'x', value, more)
export const y = (second: number, value: unknown, more?: TelemetryRecord) =>
  at(second, 'y', value, more)

/** Runs the node in virtual time. */
export function joinOf(
  options: Readonly<Record<string, unknown>>,
  steps: readonly Step[],
  restarts = false
): Ran {
  const { memory, clock, bounds } = join(
    parseOptions(spec, { first: 'x', second: 'y', ...options })
  )
  return runMemory(memory, steps, { clock, bounds, restarts })
}

/** What left, in short: `x1+y2` for a joined record, `x1` for one alone, by output. */
export const told = ({ outputs }: Ran): string[][] =>
  [0, 1].map(output =>
    (outputs[output] ?? []).map(record => {
      const { x: first, y: second, metric, value } = record
      if (metric !== undefined) return `${metric}${value}`
      return [
        ...(first === undefined ? [] : [`x${first}`]),
        ...(second === undefined ? [] : [`y${second}`])
      ].join('+')
    })
  )

export const SILENCE: Step = { silentMs: 10 * 60_000 }
