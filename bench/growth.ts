/**
 * `node --import tsx bench/growth.ts [devices partitions values payload processes] [--scale=0.2]
 * [--rounds=3] [--steps=1,4] [--lanes=A,B] [--mosquitto]`: what becomes of the cost of a record
 * when one of these grows. All steps are run in turn, several rounds, and the median of each
 * counts: the speed of a machine moves by more than what is to be seen. A plot each in
 * docs/performance. All five take about 12 minutes a round; `--steps` and `--lanes` leave out what
 * nobody wants to see.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contestant, LaneName } from './contestant.ts'
import { writeBetween } from './docs.ts'
import { benchHome } from './field.ts'
import { laneA } from './lanes/a.ts'
import { laneB } from './lanes/b.ts'
import { laneC } from './lanes/c.ts'
import type { Result, Setting } from './lanes/lane.ts'
import { writePlot } from './plot.ts'
import { median } from './regression/compare.ts'
import { contestantOf, inSession, program, type Session } from './session.ts'

interface Dimension {
  readonly label: string
  readonly steps: readonly number[]
  readonly logarithmic: boolean
  readonly change: (setting: Setting, step: number) => Setting
}

const RECORDS = { A: 200_000, B: 200_000, C: 200_000 }
/** So many bytes of payload in a lane at most, or records of 10 kB would need gigabytes. */
const MOST_BYTES = 100_000_000

const DIMENSIONS: Readonly<Record<string, Dimension>> = {
  devices: {
    label: 'devices',
    steps: [100, 1_000, 10_000, 100_000],
    logarithmic: true,
    change: (setting, devices) => ({ ...setting, shape: { ...setting.shape, devices } })
  },
  partitions: {
    label: 'partitions of a topic',
    steps: [4, 16, 64],
    logarithmic: true,
    change: (setting, partitions) => ({ ...setting, partitions })
  },
  values: {
    label: 'metrics a record',
    steps: [1, 5, 10, 20],
    logarithmic: false,
    change: (setting, values) => ({ ...setting, shape: { ...setting.shape, values } })
  },
  payload: {
    label: 'bytes of payload',
    steps: [110, 1_000, 10_000],
    logarithmic: true,
    change: (setting, payloadBytes) => ({
      ...setting,
      shape: { ...setting.shape, payloadBytes },
      records: fitting(setting.records, payloadBytes)
    })
  },
  processes: {
    label: 'Node-RED processes',
    steps: [1, 2, 4],
    logarithmic: false,
    // V8 compiles in each process: each gets as many records as one alone.
    change: (setting, copies) => ({ ...setting, copies, records: times(setting.records, copies) })
  }
}

const LANES: readonly [
  LaneName,
  (setting: Setting, contestant: Contestant) => Promise<Result[]>
][] = [
  ['A', laneA],
  ['B', laneB],
  ['C', laneC]
]

const times = ({ A, B, C, ...more }: Setting['records'], copies: number) => ({
  ...more,
  A: A * copies,
  B: B * copies,
  C: C * copies
})

function fitting(records: Setting['records'], payloadBytes: number): Setting['records'] {
  const most = Math.floor(MOST_BYTES / payloadBytes)
  return {
    A: Math.min(records.A, most),
    B: Math.min(records.B, most),
    C: Math.min(records.C, most),
    W: Math.min(records.W, most),
    http: Math.min(records.http, most),
    influx: Math.min(records.influx, most)
  }
}

/** What is measured, and how often. */
interface Request {
  readonly names: readonly string[]
  readonly scale: number
  readonly rounds: number
  /** All of a dimension where it is not given. */
  readonly steps?: readonly number[]
  readonly lanes: typeof LANES
}

interface Step {
  readonly dimension: string
  readonly step: number
  readonly result: Result
}

async function measure(session: Session, request: Request): Promise<Step[]> {
  const { names, scale, rounds, lanes } = request
  const contestant = contestantOf('millrace')
  const scaled = (count: number) => Math.ceil(count * scale)
  const records = {
    A: scaled(RECORDS.A),
    B: scaled(RECORDS.B),
    C: scaled(RECORDS.C),
    W: 0,
    http: 0,
    influx: 0
  }
  const runs: Step[] = []
  for (const name of names) {
    const { change, label } = DIMENSIONS[name]!
    const values = stepsOf(name, request.steps)
    for (let round = 1; round <= rounds; round++) {
      for (const step of values) {
        const own: Step[] = []
        for (const [lane, run] of lanes) {
          session.progress.show(`round ${round}, ${step} ${label}, lane ${lane}`)
          const setting = change({ ...session.setting, records }, step)
          for (const result of await run(setting, contestant))
            own.push({ dimension: name, step, result })
        }
        session.progress.print(`round ${round}, ${step} ${label}: ${lines(own)}`)
        runs.push(...own)
      }
    }
  }
  return middles(runs)
}

const stepsOf = (name: string, wanted?: readonly number[]): readonly number[] =>
  DIMENSIONS[name]!.steps.filter(step => wanted === undefined || wanted.includes(step))

/** One of each step and lane, with the medians of its rounds; one without a result stays one. */
function middles(runs: readonly Step[]): Step[] {
  const groups = new Map<string, Step[]>()
  for (const run of runs) {
    const key = [run.dimension, run.step, nameOf(run.result)].join()
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()].map(group => {
    const failed = group.find(({ result }) => result.problem)
    if (failed !== undefined) return failed
    const middle = (of: 'cpuMicros' | 'perSecond') => median(group.map(({ result }) => result[of]))
    return {
      ...group[0]!,
      result: {
        ...group[0]!.result,
        cpuMicros: middle('cpuMicros'),
        perSecond: middle('perSecond')
      }
    }
  })
}

const nameOf = ({ lane, variant }: Result) => (variant ? `${lane}, ${variant}` : lane)

const lines = (steps: readonly Step[]) =>
  steps
    .map(
      ({ result }) =>
        `${nameOf(result)} ${result.problem ?? `${Math.round(result.perSecond)}/s ${result.cpuMicros.toFixed(1)} us`}`
    )
    .join('; ')

function draw(name: string, steps: readonly Step[]): void {
  const { label, logarithmic } = DIMENSIONS[name]!
  const valid = steps.filter(({ result }) => !result.problem)
  const points = valid.map(({ step, result }) => ({
    x: step,
    y: result.cpuMicros,
    line: nameOf(result)
  }))
  writePlot(`growth-${name}`, { points, x: label, y: 'CPU us a record', logarithmic })
}

/** A table a dimension: CPU time and rate by lane. */
function table(name: string, steps: readonly Step[]): string {
  const { label } = DIMENSIONS[name]!
  const values = [...new Set(steps.map(({ step }) => step))]
  const names = [...new Set(steps.map(({ result }) => nameOf(result)))]
  const cell = (value: number, line: string) => {
    const found = steps.find(
      ({ step, result }) => step === value && nameOf(result) === line
    )?.result
    return found
      ? (found.problem ??
          `${found.cpuMicros.toFixed(1)} (${Math.round(found.perSecond).toLocaleString('en')}/s)`)
      : ''
  }
  const rows = values.map(
    value =>
      `| ${value.toLocaleString('en')} | ${names.map(line => cell(value, line)).join(' | ')} |`
  )
  const head = `| ${label} | ${names.join(' | ')} |\n|---:|${names.map(() => '---:|').join('')}`
  return `### ${label}\n\n${head}\n${rows.join('\n')}\n\n![CPU time a record by ${label}](performance/growth-${name}.svg)`
}

function requestOf(args: readonly string[]): Request & { mosquitto: boolean; writeDocs: boolean } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      scale: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
      steps: { type: 'string' },
      lanes: { type: 'string', default: LANES.map(([lane]) => lane).join() },
      mosquitto: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false }
    }
  })
  const unknown = positionals.find(name => !(name in DIMENSIONS))
  if (unknown) throw new Error(`"${unknown}" is none of ${Object.keys(DIMENSIONS).join(', ')}.`)
  const names = positionals.length > 0 ? positionals : Object.keys(DIMENSIONS)
  const steps = values.steps?.split(',').map(Number)
  const none = names.find(name => stepsOf(name, steps).length === 0)
  if (none) throw new Error(`${none} has the steps ${stepsOf(none).join(', ')}.`)
  return {
    names,
    scale: Number(values.scale),
    rounds: Number(values.rounds),
    lanes: LANES.filter(([lane]) => values.lanes.split(',').includes(lane)),
    mosquitto: values.mosquitto,
    writeDocs: values['write-docs'],
    ...(steps && { steps })
  }
}

await program(async () => {
  const request = requestOf(process.argv.slice(2))
  const { names, mosquitto, writeDocs } = request
  const steps = await inSession({ mosquitto }, session => measure(session, request))
  writeFileSync(
    join(benchHome, 'growth.json'),
    `${JSON.stringify({ atMs: Date.now(), steps }, null, 2)}\n`
  )
  if (!writeDocs) return
  for (const name of names) {
    const own = steps.filter(({ dimension }) => dimension === name)
    draw(name, own)
    writeBetween(`growth-${name}`, table(name, own))
  }
})
