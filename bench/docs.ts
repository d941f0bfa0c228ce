/**
 * Writes measured figures between the markers of docs/performance.md, so that none is ever typed by
 * hand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../stack/services.ts'
import { benchHome } from './field.ts'
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
