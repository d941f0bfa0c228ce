/** The results as text and as JSON. */
import type { LaneName } from './contestant.ts'
import type { Result } from './lanes/lane.ts'

/** What one run has found out, as it is kept in .millrace/bench. */
export interface Report {
  readonly atMs: number
  /** All lanes and contestants with the full number of records. */
  readonly full: boolean
  readonly machine: Machine
  readonly results: readonly Result[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly versions: Readonly<Record<string, string>>
}

export const WHAT: Readonly<Record<LaneName | 'rates', string>> = {
  A: 'MQTT QoS 1 → raw topic',
  B: 'raw topic → validate, UTC, location → clean topic',
  C: 'clean topic → table',
  W: 'raw topic → the average of each device and minute → clean topic',
  E: 'end to end at a fixed rate, from publish to the commit of the row',
  http: 'lists of records by HTTP POST → raw topic, answered when stored',
  influx: 'clean topic → points of line protocol in QuestDB',
  rates: 'end to end, by the rate'
}

export const titleOf = ({ lane, variant }: Pick<Result, 'lane' | 'variant'>): string =>
  variant ? `${lane}: ${WHAT[lane]}, ${variant}` : `${lane}: ${WHAT[lane]}`

/** Results of the same lane and variant, in the order in which they were run. */
export function groupsOf(results: readonly Result[]): Result[][] {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const group = groups.get(titleOf(result)) ?? []
    groups.set(titleOf(result), [...group, result])
  }
  return [...groups.values()].sort((a, b) => a[0]!.lane.localeCompare(b[0]!.lane))
}

export const HEADINGS = [
  '',
  'records/s',
  'CPU us/record',
  'with servers',
  'peak MB',
  'p50 ms',
  'p99 ms',
  'twice',
  'Millrace is'
] as const

/** The column that holds no number. */
export const LAST = HEADINGS.length - 1

/** The cells of one line, as text; the first is the contestant. */
export function cellsOf(result: Result, millrace: Result | undefined): string[] {
  const { contestant, problem, missing, doubled } = result
  if (problem !== undefined && (result.perSecond === 0 || missing > 0))
    return [contestant, '-', '-', '-', '-', '-', '-', '-', noResult(result)]
  return [
    contestant,
    thousands(result.perSecond),
    result.cpuMicros.toFixed(1),
    result.systemMicros?.toFixed(1) ?? '',
    thousands(result.peakMb),
    milliseconds(result.p50Ms),
    milliseconds(result.p99Ms),
    doubled > 0 ? String(doubled) : '',
    problem ?? ratio(result, millrace)
  ]
}

function noResult({ lane, problem, missing, perSecond }: Result): string {
  if (lane === 'E' && missing > 0) return problem ?? ''
  return `no result: ${problem}${missing > 0 && perSecond > 0 ? ` (${thousands(perSecond)}/s with the rest)` : ''}`
}

const thousands = (value: number) => Math.round(value).toLocaleString('en')
const milliseconds = (ms: number | undefined) => (ms === undefined ? '' : thousands(ms))

/** How many times as fast and as cheap Millrace is in the same run. */
function ratio(other: Result, millrace: Result | undefined): string {
  if (!millrace || millrace === other || millrace.problem) return ''
  // Few records may come in one commit, between whose first and last there is no time.
  if ([millrace, other].some(({ perSecond, cpuMicros }) => !(perSecond > 0 && cpuMicros > 0)))
    return ''
  const cheap = times(other.cpuMicros / millrace.cpuMicros)
  if (other.lane === 'E' || other.lane === 'rates') return `${cheap} as cheap`
  return `${times(millrace.perSecond / other.perSecond)} as fast, ${cheap} as cheap`
}

const times = (factor: number) => `${factor >= 10 ? Math.round(factor) : factor.toFixed(2)}x`

/** A table for the terminal. */
export function textTable(results: readonly Result[]): string {
  return groupsOf(results)
    .map(group => {
      const millrace = group.find(result => result.contestant === 'millrace')
      const rows = [[...HEADINGS], ...group.map(result => cellsOf(result, millrace))]
      const widths = HEADINGS.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
      const lines = rows.map(row =>
        row
          .map((cell, column) =>
            column === 0 || column === LAST
              ? cell.padEnd(widths[column]!)
              : cell.padStart(widths[column]!)
          )
          .join('  ')
      )
      const records = Math.max(...group.map(result => result.records)).toLocaleString('en')
      return `${titleOf(group[0]!)} (${records} records)\n${lines.map(line => `  ${line.trimEnd()}`).join('\n')}`
    })
    .join('\n\n')
}

/** One line as soon as a result is known. */
export function oneLine(result: Result): string {
  const cells = cellsOf(result, undefined)
  const named = HEADINGS.map((heading, column) =>
    column > 0 && column < LAST && cells[column] && cells[column] !== '-'
      ? `${cells[column]} ${heading}`
      : ''
  )
  const variant = result.variant ? ` (${result.variant})` : ''
  return `${result.lane}${variant} ${result.contestant}: ${[...named.filter(Boolean), cells[LAST]].filter(Boolean).join(', ')}`
}
