import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec } from '../../../nodes/alarm/spec.ts'
import { type Ran, runMemory, type Step } from '../../core/state/run-memory.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
export const timeOf = (second: number) => new Date(T0 + second * 1000).toISOString()
const DEVICE = { device_id: 'a', metric: 't' }
export const at = (second: number, value: unknown, more: object = {}): TelemetryRecord => ({
  ...DEVICE,
  value,
  ts_utc: timeOf(second),
  ...more
})
export const command = (name: string, more: object = {}): TelemetryRecord => ({
  ...DEVICE,
  command: name,
  ...more
})
export const silent = (seconds: number): Step => ({ silentMs: seconds * 1000 })

export function runOnce(
  options: Record<string, unknown>,
  steps: readonly Step[],
  restarts = false
) {
  const { memory, clock, bounds } = alarm(parseOptions(spec, options))
  return runMemory(memory, steps, { clock, bounds, restarts })
}

export function run(options: Record<string, unknown>, steps: readonly Step[]) {
  const once = runOnce(options, steps)
  const restarted = runOnce(options, steps, true)
  assert.deepEqual(restarted.outputs, once.outputs, 'The same with a restart after each step.')
  return once
}

/** `second event state` of each event. */
export const story = (options: Record<string, unknown>, steps: readonly Step[]) =>
  told(run({ limit: 80, ...options }, steps))

export const told = ({ outputs }: Ran) =>
  (outputs[0] ?? []).map(
    ({ ts_utc, event, state }) => `${(Date.parse(String(ts_utc)) - T0) / 1000} ${event} ${state}`
  )

export const RAISED = 'raised active-unacknowledged'
