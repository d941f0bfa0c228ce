/**
 * What a record costs in a node that keeps windows or joins: engine, counting by offset, and what
 * the room does, and what a checkpoint of all devices costs on top.
 *
 *     node --import tsx bench/windows.ts [--write-docs]
 *
 * Averages of each minute of 5,000 devices; what is counted is the time of the processor, without
 * Kafka, the hop between nodes and the disk. A checkpoint is made every 20,000 records.
 */
import { parseArgs } from 'node:util'
import { parseOptions } from '../core/node/spec.ts'
import { PROVENANCE, Provenance, type TelemetryRecord } from '../core/record/record.ts'
import { CountedEngine, type Remembering } from '../core/state/counted-engine.ts'
import { attemptOf } from '../core/state/counted-records.ts'
import { aggregator } from '../nodes/aggregate/logic.ts'
import { spec as aggregateSpec } from '../nodes/aggregate/spec.ts'
import { join } from '../nodes/join/logic.ts'
import { spec as joinSpec } from '../nodes/join/spec.ts'
import { KafkaBatch } from '../nodes/kafka-consumer/batch.ts'
import { writeBetween } from './docs.ts'
import { deviceId } from './fleet.ts'
import { machine } from './machine.ts'

const RECORDS = 500_000
const DEVICES = 5_000
const BATCH = 500
const PARTITIONS = 4
const EACH_CHECKPOINT = 20_000
/** Of each partition, until they are acknowledged. */
const IN_FLIGHT = 10_000
const ROUNDS = 3
const BEGIN_MS = Date.UTC(2026, 0, 31)

const named = (...names: readonly string[]) =>
  names.map(name => ({ function: name, field: '', parameter: '', as: '' }))

const windows = (settings: object) => () =>
  aggregator(parseOptions(aggregateSpec, { timeField: 'ts', shape: 'wide', ...settings }))
const pairs = (settings: object) => () =>
  join(parseOptions(joinSpec, { timeField: 'ts', ...settings }))

interface Shape {
  readonly name: string
  make(): Remembering<never>
  readonly recordAt: (index: number) => TelemetryRecord
}

/** A record a millisecond, so that a device has one every five seconds. */
const reading = (index: number): TelemetryRecord => ({
  device_id: deviceId(index % DEVICES),
  metric: 'temperature',
  value: 20 + (index % 977) / 10,
  ts: BEGIN_MS + index,
  location: 'hall'
})

/** Two of a device every ten seconds, so many milliseconds apart. */
const twos =
  (apartMs: number) =>
  (index: number): TelemetryRecord => {
    const device_id = deviceId((index >> 1) % DEVICES)
    const isSecond = index % 2 === 1
    const ts = BEGIN_MS + index - (isSecond ? 1 - apartMs : 0)
    const metric = isSecond ? 'humidity_pct' : 'temperature_c'
    return { device_id, metric, value: 20 + (index % 977) / 10, ts, location: 'hall' }
  }

const shape = (name: string, make: unknown, recordAt = reading): Shape =>
  ({ name, make, recordAt }) as Shape
const shapes: readonly Shape[] = [
  shape('average', windows({ functions: named('avg') })),
  shape(
    'average, minimum, maximum, deviation',
    windows({ functions: named('avg', 'min', 'max', 'stddev') })
  ),
  shape(
    'average over time, nothing waits',
    windows({ functions: named('time_avg'), lateness: '0 s' })
  ),
  shape('average over time, records wait 10 s', windows({ functions: named('time_avg') })),
  shape('join of two of one time', pairs({}), twos(0)),
  shape('join of two that are a second apart', pairs({}), twos(1000))
]

/** The records of one message, as a kafka consumer gives them: just read from their bytes. */
function batchAt(number: number, recordAt: Shape['recordAt']): TelemetryRecord[] {
  const partition = number % PARTITIONS
  const first = Math.floor(number / PARTITIONS) * BATCH
  const records = Array.from(
    { length: BATCH },
    (_, index) => JSON.parse(JSON.stringify(recordAt(number * BATCH + index))) as TelemetryRecord
  )
  const messages = records.map(({ ts }, index) => ({
    key: null,
    value: null,
    timestamp: String(ts),
    offset: String(first + index)
  }))
  const batch = new KafkaBatch('raw', partition, messages)
  for (const [index, record] of records.entries())
    Object.assign(record, { [PROVENANCE]: new Provenance(batch, index) })
  return records
}

/** Microseconds a record, without the checkpoints and for them. */
function once({ make, recordAt }: Shape): readonly [taking: number, keeping: number] {
  const engine = new CountedEngine(make(), { outputs: 3, rejectedOutput: 2, stage: 'bench' })
  let [results, taking, keeping] = [0, 0, 0]
  for (let number = 0; number < RECORDS / BATCH; number++) {
    const records = batchAt(number, recordAt)
    const began = process.cpuUsage()
    take(engine, records, number)
    taking += micros(began)
    results += engine.taking.outputs[0]!.length
    if (engine.taking.outputs[2]!.length > 0) throw new Error('A record is rejected.')
    if (((number + 1) * BATCH) % EACH_CHECKPOINT !== 0) continue
    const before = process.cpuUsage()
    engine.changes()
    keeping += micros(before)
  }
  if (results === 0) throw new Error('There is no result.')
  return [taking / RECORDS, keeping / RECORDS]
}

function take(engine: CountedEngine<never>, records: readonly object[], number: number): void {
  engine.taking.begin()
  const attempt = attemptOf({}, undefined)
  const acknowledged = Math.floor(number / PARTITIONS) * BATCH - IN_FLIGHT
  engine.counted.settledBefore('', `raw/${number % PARTITIONS}`, String(acknowledged))
  const nowMs = BEGIN_MS + number * BATCH
  for (const [index, record] of records.entries()) engine.take(record, index, attempt, nowMs)
}

function micros(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

const { values } = parseArgs({ options: { 'write-docs': { type: 'boolean', default: false } } })
const lines = shapes.map(each => {
  const rounds = Array.from({ length: ROUNDS }, () => once(each))
  const [taking, keeping] = rounds.sort(([a], [b]) => a - b)[0]!
  console.log(
    `${each.name}: ${taking.toFixed(2)} us a record, ${keeping.toFixed(2)} us for checkpoints`
  )
  return `| ${each.name} | ${taking.toFixed(2)} | ${keeping.toFixed(2)} |`
})
if (values['write-docs']) {
  const { cpu, node } = machine(process.execPath)
  const head = `\n${cpu}, Node ${node}.\n\n| 5,000 devices | CPU us/record | checkpoints |\n|---|---:|---:|`
  writeBetween('windows', `${head}\n${lines.join('\n')}\n`)
}
