/** `npm run bench`: the lanes for every contestant, side by side on the project's own services. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRequest, type Request, USAGE } from './command-line.ts'
import { type Contestant, LANES, type LaneName, readContestants } from './contestant.ts'
import { benchDeviceRegistry } from './device-registry.ts'
import { writeDocs, writeLane, writeRates } from './docs.ts'
import { benchHome } from './field.ts'
import { laneA } from './lanes/a.ts'
import { laneB } from './lanes/b.ts'
import { laneC } from './lanes/c.ts'
import { laneE } from './lanes/e.ts'
import { laneHttp } from './lanes/http.ts'
import { laneInflux } from './lanes/influx.ts'
import type { Result, Setting } from './lanes/lane.ts'
import { IN_THE_LONG_RUN, laneRates } from './lanes/rates.ts'
import { laneW } from './lanes/w.ts'
import { machine } from './machine.ts'
import { mosquittoProduct } from './mosquitto.ts'
import { oneLine, type Report, textTable } from './report.ts'
import { inSession, program, type Session } from './session.ts'
import { benchStoreAndForward } from './store-and-forward.ts'

const lanes: Readonly<
  Record<LaneName, (setting: Setting, contestant: Contestant) => Promise<Result[]>>
> = {
  A: laneA,
  B: laneB,
  C: laneC,
  W: laneW,
  E: laneE,
  http: laneHttp,
  influx: laneInflux
}

const QUICK = {
  records: { A: 4_000, B: 5_000, C: 5_000, W: 200_000, http: 20_000, influx: 20_000 },
  rates: [500, 1_000],
  rateSeconds: 3,
  leadSeconds: 0,
  warmUp: { perSecond: 1_000, seconds: 3 }
}

function settingOf(request: Request, usual: Setting): Setting {
  const setting = {
    ...usual,
    ...(request.quick ? QUICK : {}),
    ...(request.rateSeconds === undefined ? {} : { rateSeconds: request.rateSeconds })
  }
  const { A, B, C, W, http, influx } = setting.records
  const scaled = (count: number) => Math.ceil(count * request.scale)
  return {
    ...setting,
    records: {
      A: scaled(A),
      B: scaled(B),
      C: scaled(C),
      W: scaled(W),
      http: scaled(http),
      influx: scaled(influx)
    },
    nodeFlags: request.profile
      ? ['--cpu-prof', `--cpu-prof-dir=${join(benchHome, 'profiles')}`]
      : []
  }
}

type Run = readonly [
  lane: LaneName | 'rates',
  run: (setting: Setting, contestant: Contestant) => Promise<Result[]>
]

/** The lanes asked for. */
function runsOf({ lanes: names, rates, rateSeconds, quick }: Request): Run[] {
  const runs: Run[] = names.map(name => [name, lanes[name]])
  if (rates === undefined) return runs
  const times = quick ? { ...QUICK, settleSeconds: 2 } : IN_THE_LONG_RUN
  const run: Run[1] = (setting, contestant) => {
    const { warmUp, leadSeconds, settleSeconds } = times
    const seconds = { leadSeconds, rateSeconds: rateSeconds ?? times.rateSeconds }
    return laneRates({ ...setting, rates, warmUp, ...seconds }, contestant, settleSeconds)
  }
  return [...runs, ['rates', run]]
}

async function race(
  request: Request,
  contestants: readonly Contestant[],
  session: Session
): Promise<Result[]> {
  const { progress } = session
  const setting = settingOf(request, session.setting)
  const results: Result[] = []
  for (const [lane, run] of runsOf(request)) {
    for (const contestant of contestants) {
      if (!contestant.lane(lane === 'rates' ? 'E' : lane)) continue
      const onProgress = (done: number, total: number) =>
        progress.show(
          `${lane} ${contestant.name} ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`
        )
      const found = await run({ ...setting, onProgress }, contestant).catch(error => [
        failure(lane, contestant, error)
      ])
      for (const result of found) progress.print(oneLine(result))
      results.push(...found)
    }
  }
  return results
}

/** A contestant that fails does not keep the others from running. */
function failure(lane: Run[0], contestant: Contestant, error: unknown): Result {
  const problem = error instanceof Error ? error.message : String(error)
  const nothing = { records: 0, perSecond: 0, cpuMicros: 0, peakMb: 0, missing: 0, doubled: 0 }
  return {
    lane,
    variant: '',
    contestant: contestant.name,
    limit: contestant.isLimit,
    ...nothing,
    problem
  }
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return console.log(USAGE)
  const [first, ...rest] = process.argv.slice(2)
  if (first === 'store-and-forward') return benchStoreAndForward(rest)
  if (first === 'device-registry') return benchDeviceRegistry(rest)
  const all = readContestants()
  const request = parseRequest(
    process.argv.slice(2),
    all.map(({ name }) => name)
  )
  const partly = request.contestants.length > 0 || request.lanes.length < LANES.length
  if (request.writeDocs && !partly) return console.log(writeDocs())
  const contestants =
    partly && request.contestants.length > 0
      ? all.filter(({ name }) => request.contestants.includes(name))
      : all
  for (const contestant of contestants) contestant.install()
  await inSession(request, async session => {
    const results = await race(request, contestants, session)
    const full = !partly && !request.quick && request.scale === 1
    const report: Report = {
      atMs: Date.now(),
      full,
      machine: machine(
        request.node ?? process.execPath,
        request.mosquitto ? mosquittoProduct() : undefined
      ),
      results
    }
    session.progress.print(`\n${textTable(results)}\n\n${keep(report)}`)
    if (request.writeDocs && request.rates) writeRates(report)
    if (request.writeDocs && request.lanes.includes('http')) writeLane('http', report)
    if (request.writeDocs && request.lanes.includes('W')) writeLane('W', report)
    if (results.some(({ problem, limit }) => problem && !limit)) process.exitCode = 1
  })
}

function keep(report: Report): string {
  mkdirSync(benchHome, { recursive: true })
  const file = join(benchHome, `${new Date(report.atMs).toISOString().replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  return file
}

await program(main)
