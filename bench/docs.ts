/**
 * Writes measured figures between the markers of docs/performance.md, so that none is ever typed by
 * hand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../stack/services.ts'
import { benchHome } from './field.ts'
import type { Result } from './lanes/lane.ts'
import { type Point, writePlot } from './plot.ts'
import { cellsOf, groupsOf, HEADINGS, LAST, type Machine, type Report, titleOf } from './report.ts'

const DOCS = join(repository, 'docs', 'performance.md')

/** Writes the newest full run, or the newest of any kind where there is none, and tells which. */
export function writeDocs(): string {
  const report = newest()
  if (!report) throw new Error(`There is no result in ${benchHome} yet: run npm run bench first.`)
  writeBetween('bench', markdown(report))
  const when = new Date(report.atMs).toISOString().slice(0, 16).replace('T', ' ')
  return `docs/performance.md now has the figures of ${when} UTC${report.full ? '' : ' (not a full run)'}.`
}

function newest(): Report | undefined {
  const reports = readdirSync(benchHome)
    .filter(name => /^\d{4}-.*\.json$/.test(name))
    .map(name => JSON.parse(readFileSync(join(benchHome, name), 'utf8')) as Report)
    .sort((a, b) => b.atMs - a.atMs)
  return reports.find(({ full }) => full) ?? reports[0]
}

/** The results of one lane of one run, between markers of its own. */
export function writeLane(name: 'http' | 'W', report: Report): void {
  const results = report.results.filter(({ lane }) => lane === name)
  writeBetween(name, markdown({ ...report, results, full: true }))
}

/** The results of the lane `rates` of one run, as a table a contestant and a plot of all. */
export function writeRates({ machine, results, atMs }: Report): void {
  const rates = results.filter(({ lane, missing }) => lane === 'rates' && missing === 0)
  const contestants = [...new Set(rates.map(({ contestant }) => contestant))]
  const tables = contestants.map(name => {
    const rows = rates.filter(({ contestant }) => contestant === name).map(rateRow)
    const head = `| ${RATE_HEADINGS.join(' | ')} |\n|${RATE_HEADINGS.map(() => '---:|').join('')}`
    return `### ${name}\n\n${head}\n${rows.join('\n')}`
  })
  writePlot('rates', {
    points: rates.filter(({ perSecond }) => perSecond > 0).flatMap(coresOf),
    x: 'records/s',
    y: 'cores in use',
    logarithmic: true
  })
  const date = new Date(atMs).toISOString().slice(0, 10)
  const picture = '![Cores in use by the rate](performance/rates.svg)'
  writeBetween(
    'rates',
    `\nMeasured on ${date}, ${describe(machine)}\n\n${tables.join('\n\n')}\n\n${picture}\n`
  )
}

const RATE_HEADINGS = [
  'records/s',
  'CPU us a record',
  'with the servers',
  'CPU ms a second',
  'with the servers',
  'MB',
  'p50 ms',
  'p99 ms'
]

/**
 * Of the idle pipeline `records` are seconds, so that what a record costs is what a second does.
 */
function rateRow(result: Result): string {
  const { perSecond, cpuMicros, systemMicros, peakMb, p50Ms, p99Ms, variant, problem } = result
  const isIdle = perSecond === 0
  const micros = (value: number | undefined) =>
    isIdle || value === undefined ? '' : Math.round(value).toLocaleString('en')
  const perMs = (value: number | undefined) =>
    value === undefined ? '' : String(Math.round((value * (isIdle ? 1 : perSecond)) / 1000))
  const ms = (value: number | undefined) => (value === undefined ? '' : String(Math.round(value)))
  const cells = [
    problem === undefined ? variant.replace('/s', '') : `${variant}, ${problem}`,
    micros(cpuMicros),
    micros(systemMicros),
    perMs(cpuMicros),
    perMs(systemMicros),
    ms(peakMb),
    ms(p50Ms),
    ms(p99Ms)
  ]
  return `| ${cells.join(' | ')} |`
}

function coresOf({ contestant, perSecond, cpuMicros, systemMicros }: Result): Point[] {
  const point = (micros: number, line: string) => ({
    x: Math.round(perSecond),
    y: (micros * perSecond) / 1e6,
    line
  })
  const own = point(cpuMicros, contestant)
  return systemMicros === undefined
    ? [own]
    : [own, point(systemMicros, `${contestant}, servers too`)]
}

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->`. */
export function writeBetween(name: string, content: string): void {
  const text = readFileSync(DOCS, 'utf8')
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${DOCS} lacks the markers ${start} and ${end}.`)
  writeFileSync(DOCS, `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`)
}

function markdown({ machine, results, atMs, full }: Report): string {
  const tables = groupsOf(results).map(group => {
    const millrace = group.find(result => result.contestant === 'millrace')
    const rows = group.map(result => cellsOf(result, millrace))
    const used = HEADINGS.map(
      (_, column) => column === 0 || rows.some(row => row[column] !== '' && row[column] !== '-')
    )
    const line = (cells: readonly string[]) =>
      `| ${cells.filter((_, column) => used[column]).join(' | ')} |`
    const rule = line(
      HEADINGS.map((_, column) => (column === 0 || column === LAST ? '---' : '---:'))
    )
    return `### ${titleOf(group[0]!)}\n\n${[line(HEADINGS), rule, ...rows.map(line)].join('\n')}`
  })
  const date = new Date(atMs).toISOString().slice(0, 10)
  return `\n${full ? 'Measured' : 'Measured (not a full run)'} on ${date}, ${describe(machine)}\n\n${tables.join('\n\n')}\n`
}

function describe({ cpu, cores, memoryGb, system, node, versions }: Machine): string {
  const products = Object.entries(versions).map(([name, version]) =>
    /\d/.test(version) && version.includes(' ') ? version : `${name} ${version}`
  )
  return `${cores} cores of ${cpu}, ${memoryGb} GB, ${system}, Node ${node}; ${products.join(', ')}.`
}
