/**
 * What a record costs in a node that keeps windows: engine, windows and functions together, and
 * what a checkpoint of all devices costs on top.
 *
 *     node --import tsx bench/windows.ts [--write-docs]
 *
 * Averages of each minute of 5,000 devices; what is counted is the time of the processor, without
 * Kafka, the hop between nodes and the disk. A checkpoint is made every 20,000 records.
 */
import { parseArgs } from 'node:util'
import { parseOptions } from '../core/node/spec.ts'
import type { TelemetryRecord } from '../core/record/record.ts'
import { Engine } from '../core/state/engine.ts'
import { aggregator } from '../nodes/aggregate/logic.ts'
import { spec } from '../nodes/aggregate/spec.ts'
import { writeBetween } from './docs.ts'
import { deviceId } from './fleet.ts'
import { machine } from './machine.ts'

const RECORDS = 500_000
const DEVICES = 5_000
const EACH_CHECKPOINT = 20_000
const ROUNDS = 3
const BEGIN_MS = Date.UTC(2026, 0, 31)

const named = (...names: readonly string[]) =>
  names.map(name => ({ function: name, field: '', parameter: '', as: '' }))

const shapes: readonly (readonly [name: string, settings: object])[] = [
  ['average', { functions: named('avg') }],
  ['average, minimum, maximum, deviation', { functions: named('avg', 'min', 'max', 'stddev') }],
  ['average over time, nothing waits', { functions: named('time_avg'), lateness: '0 s' }],
  ['average over time, records wait 10 s', { functions: named('time_avg') }]
]

/** A record a millisecond, so that a device has one every five seconds. */
const records = Array.from({ length: RECORDS }, (_, index): TelemetryRecord => {
  const ts = BEGIN_MS + index
  const device_id = deviceId(index % DEVICES)
  return { device_id, metric: 'temperature', value: 20 + (index % 977) / 10, ts, location: 'hall' }
})

/** Microseconds a record, without the checkpoints and for them. */
function once(settings: object): readonly [taking: number, keeping: number] {
  const { memory, clock, bounds } = aggregator(
    parseOptions(spec, { timeField: 'ts', shape: 'wide', ...settings })
  )
  let results = 0
  const engine = new Engine(memory, clock, bounds, {
    emitted: () => results++,
    rejected(_record, { message }) {
      throw new Error(message)
    },
    absorbed() {},
    filtered() {},
    waits() {},
    resumes() {},
    late() {},
    failed(_key, error) {
      throw error
    }
  })
  const began = process.cpuUsage()
  let keeping = 0
  for (const [index, record] of records.entries()) {
    engine.take(record, '0', BEGIN_MS + index)
    if (index % EACH_CHECKPOINT !== 0) continue
    const before = process.cpuUsage()
    engine.changes()
    keeping += micros(before)
  }
  if (results === 0) throw new Error('There is no result.')
  return [(micros(began) - keeping) / RECORDS, keeping / RECORDS]
}

function micros(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

const { values } = parseArgs({ options: { 'write-docs': { type: 'boolean', default: false } } })
const lines = shapes.map(([name, settings]) => {
  const rounds = Array.from({ length: ROUNDS }, () => once(settings))
  const [taking, keeping] = rounds.sort(([a], [b]) => a - b)[0]!
  console.log(`${name}: ${taking.toFixed(2)} us a record, ${keeping.toFixed(2)} us for checkpoints`)
  return `| ${name} | ${taking.toFixed(2)} | ${keeping.toFixed(2)} |`
})
if (values['write-docs']) {
  const { cpu, node } = machine(process.execPath)
  const head = `\n${cpu}, Node ${node}.\n\n| each minute of 5,000 devices | CPU us/record | checkpoints |\n|---|---:|---:|`
  writeBetween('windows', `${head}\n${lines.join('\n')}\n`)
}
