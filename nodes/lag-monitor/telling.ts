import type { Shown } from '../../core/node/status.ts'
import { alertText, type LagReport, statusText, type Threshold } from './logic.ts'

/** The messages of a look, by output: the report, and an alert where there is one. */
export function outputsOf(report: LagReport, threshold: Threshold): [object, object | null] {
  const topic = report.group
  const change = threshold.change(report)
  const alert = change && {
    payload: { ...report, change },
    topic,
    text: alertText(report, change)
  }
  return [{ payload: report, topic }, alert ?? null]
}

/** For the metrics, by name. Of a single group the sum says all. */
export function gaugesOf(reports: readonly LagReport[]): [name: string, value: number][] {
  const ofGroups = reports.map(({ group, total }): [string, number] => [`lag ${group}`, total])
  const sum = (of: (report: LagReport) => number) =>
    reports.reduce((all, report) => all + of(report), 0)
  return [
    ...(reports.length > 1 ? ofGroups : []),
    ['lag', sum(({ total }) => total)],
    ['standing lag', sum(({ standingLag }) => standingLag)],
    ['behind seconds', Math.max(0, ...reports.map(report => report.behindSeconds ?? 0))]
  ]
}

/** The status below the node. */
export function shownOf(reports: readonly LagReport[], groupsBehind: number): Shown {
  const text = statusText(reports)
  if (groupsBehind === 0) return { fill: 'green', shape: 'dot', text }
  return { fill: 'red', shape: 'dot', text: `${text.split(' · ')[0]} · ${groupsBehind} behind` }
}
