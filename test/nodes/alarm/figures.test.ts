import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec } from '../../../nodes/alarm/spec.ts'
import { runMemory } from '../../core/state/run-memory.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const at = (second: number, device: number, value: number) => ({
  device_id: `d${device}`,
  metric: 't',
  value,
  ts_utc: new Date(T0 + second * 1000).toISOString()
})

/** The note and the gauges after these records. */
function figuresOf(records: readonly object[]) {
  const { memory, clock, bounds, note, gauges } = alarm(
    parseOptions(spec, { limit: 80, acknowledge: false })
  )
  runMemory(memory, records as Record<string, unknown>[], { clock, bounds })
  return [note?.(), ...[...(gauges?.() ?? [])].map(([, value]) => value)]
}

describe('alarm: whether people can still follow', () => {
  const raised = (count: number) =>
    Array.from({ length: count }, (_, device) => at(device, device, 90))

  it('ten alarms in ten minutes are no flood', () => {
    assert.deepEqual(figuresOf(raised(10)), [undefined, 10, 10, 0])
  })
  it('eleven are one', () => {
    assert.deepEqual(figuresOf(raised(11)), ['flood: 11 in 10 min', 11, 11, 0])
  })
  it('it is over with fewer than five, ten minutes after the others', () => {
    assert.deepEqual(figuresOf([...raised(11), at(607, 99, 1)]).slice(0, 3), [undefined, 3, 11])
    assert.deepEqual(figuresOf([...raised(11), at(605, 99, 1)])[0], 'flood: 5 in 10 min')
  })
  it('an alarm that is raised three times in a minute chatters', () => {
    const records = [0, 10, 20].flatMap(second => [at(second, 1, 90), at(second + 5, 1, 1)])
    assert.deepEqual(figuresOf(records), ['1 chattering', 3, 3, 1])
    assert.deepEqual(figuresOf([...records, at(700, 2, 1)]), [undefined, 0, 3, 0])
  })
})
