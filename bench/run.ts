/** `npm run bench`: the lanes for every contestant, side by side on the project's own services. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRequest, type Request, USAGE } from './command-line.ts'
import { type Contestant, type LaneName, readContestants } from './contestant.ts'
import { writeDocs } from './docs.ts'
import { benchHome, type Field, openField } from './field.ts'
import { usualShape } from './fleet.ts'
import { laneA } from './lanes/a.ts'
import { laneB } from './lanes/b.ts'
import { laneC } from './lanes/c.ts'
import { laneE } from './lanes/e.ts'
import type { Result, Setting } from './lanes/lane.ts'
import { clearPrepared } from './lanes/prepared.ts'
import { machine } from './machine.ts'
import { Progress } from './progress.ts'
import { oneLine, type Report, textTable } from './report.ts'

const lanes: Readonly<Record<LaneName, (setting: Setting, contestant: Contestant) => Promise<Result[]>>> = {
  A: laneA,
  B: laneB,
  C: laneC,
  E: laneE
}

const FULL = { records: { A: 200_000, B: 500_000, C: 500_000 }, rates: [1_000, 5_000, 10_000], rateSeconds: 15 }
const QUICK = { records: { A: 4_000, B: 5_000, C: 5_000 }, rates: [500, 1_000], rateSeconds: 3 }

function settingOf(request: Request, field: Field): Omit<Setting, 'onProgress'> {
  const { records, rates, rateSeconds } = request.quick ? QUICK : FULL
  const scaled = (count: number) => Math.ceil(count * request.scale)
  const profiles = join(benchHome, 'profiles')
  return {
    field,
    shape: usualShape,
    partitions: 4,
    records: { A: scaled(records.A), B: scaled(records.B), C: scaled(records.C) },
    rates,
    rateSeconds,
    publishers: 2,
    copies: 1,
    nodeFlags: request.profile ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [],
    ...(request.node ? { node: request.node } : {})
  }
}

async function race(request: Request, contestants: readonly Contestant[], field: Field, progress: Progress): Promise<Result[]> {
  const setting = settingOf(request, field)
  const results: Result[] = []
  for (const lane of request.lanes) {
    for (const contestant of contestants) {
      if (!contestant.lane(lane)) continue
      const onProgress = (done: number, total: number) =>
        progress.show(`${lane} ${contestant.name} ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`)
      const found = await lanes[lane]({ ...setting, onProgress }, contestant).catch(error => [failure(lane, contestant, error)])
      for (const result of found) progress.print(oneLine(result))
      results.push(...found)
    }
  }
  return results
}

/** A contestant that fails does not keep the others from running. */
function failure(lane: LaneName, contestant: Contestant, error: unknown): Result {
  const problem = error instanceof Error ? error.message : String(error)
  const nothing = { records: 0, perSecond: 0, cpuMicros: 0, peakMb: 0, missing: 0, doubled: 0 }
  return { lane, variant: '', contestant: contestant.name, limit: contestant.isLimit, ...nothing, problem }
}

async function main(): Promise<void> {
  const all = readContestants()
  const request = parseRequest(
    process.argv.slice(2),
    all.map(({ name }) => name)
  )
  const partly = request.contestants.length > 0 || request.lanes.length < 4
  if (request.writeDocs && !partly) return console.log(writeDocs())
  const contestants = partly && request.contestants.length > 0 ? all.filter(({ name }) => request.contestants.includes(name)) : all
  const progress = new Progress()
  for (const contestant of contestants) contestant.install()
  const field = await openField({ ...request, onProgress: line => progress.print(line) })
  try {
    const results = await race(request, contestants, field, progress)
    const full = !partly && !request.quick && request.scale === 1
    const report: Report = { atMs: Date.now(), full, machine: machine(request.node ?? process.execPath), results }
    progress.print(`\n${textTable(results)}\n\n${keep(report)}`)
    if (results.some(({ problem, limit }) => problem && !limit)) process.exitCode = 1
  } finally {
    await clearPrepared(field)
    await field.close()
  }
}

function keep(report: Report): string {
  mkdirSync(benchHome, { recursive: true })
  const file = join(benchHome, `${new Date(report.atMs).toISOString().replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  return file
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(`\n${USAGE}`)
  process.exitCode = 2
}
