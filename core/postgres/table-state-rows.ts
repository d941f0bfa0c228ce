import { durationText } from '../duration.ts'
import { hasFailed, type JobState, ratioOf, type TableState } from './table-state.ts'

/** What a person reads of a table, a line each: what it is, and how it stands. */
export type StateRow = readonly [what: string, how: string]

export function stateRows(state: TableState, nowMs = Date.now()): StateRow[] {
  const { bytes, chunks, compression, jobs, hasTimescale } = state
  if (chunks === undefined)
    return [
      ['Size', sizeText(bytes)],
      ['Hypertable', hasTimescale ? 'no, a plain table' : 'no, TimescaleDB is not installed']
    ]
  const span: StateRow[] =
    chunks.fromMs === null || chunks.untilMs === null
      ? []
      : [['Times', `${dayOf(chunks.fromMs)} to ${dayOf(chunks.untilMs)}`]]
  const ratio: StateRow[] =
    compression === undefined
      ? []
      : [
          [
            'Compression',
            `${ratioOf(compression).toFixed(1)} : 1 (${sizeText(compression.bytesBefore)} became ${sizeText(compression.bytesAfter)})`
          ]
        ]
  return [
    ['Size', sizeText(bytes)],
    ['Chunks', `${chunks.count}, ${chunks.compressed} of them compressed`],
    ...span,
    ...ratio,
    ...(jobs.length === 0 ? [['Jobs', 'none'] as const] : []),
    ...jobs.map((job): StateRow => [jobText(job), runText(job, nowMs)])
  ]
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'] as const

/** In the steps of thousand that disks are sold by. */
export function sizeText(bytes: number): string {
  let size = bytes / 1000
  let unit = 0
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000
    unit++
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`
}

const PROCEDURES: Readonly<Record<string, (config: JobState['config'], of: string) => string>> = {
  policy_retention: ({ drop_after }) => `Deletes after ${drop_after}`,
  policy_compression: ({ compress_after }) => `Compresses after ${compress_after}`,
  policy_refresh_continuous_aggregate: (_config, of) => `Refreshes ${of}`
}

const jobText = ({ job, config, of }: JobState): string =>
  PROCEDURES[job]?.(config, of) ?? `${job} of ${of}`

function runText(job: JobState, nowMs: number): string {
  const { lastRunMs, nextMs, failures, lastError } = job
  const next = nextMs === null ? '' : `, next in ${spanText(nextMs - nowMs)}`
  if (lastRunMs === null) return `has not run yet${next}`
  const ago = `${spanText(nowMs - lastRunMs)} ago`
  if (hasFailed(job)) return `failed ${ago}${next}${lastError === null ? '' : `: ${lastError}`}`
  const times = failures === 0 ? '' : `; failed ${failures} times before`
  return `ran ${ago}${next}${times}`
}

/** In its largest unit, as a person says it. */
function spanText(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1000].find(each => ms >= each) ?? 1000
  return durationText(Math.max(0, Math.floor(ms / unit) * unit)).replace(/^0 ms$/, '0 s')
}
