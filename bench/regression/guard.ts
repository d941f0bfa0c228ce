/**
 * Compares what the hot path costs now with what was accepted. Every figure is a ratio, so the
 * machine does not matter.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureTracker } from '../tracker.ts'
import { costRatio } from './compare.ts'
import { baseline, subjects } from './subjects.ts'

const FILE = join(import.meta.dirname, 'accepted.json')

/** A piece of work may cost so many times what was accepted. */
export const TOLERANCE = 1.5

export type Costs = Readonly<Record<string, number>>

const TRACKED = [
  { rounds: 7, messages: 3_000, batchSize: 1 },
  { rounds: 7, messages: 200, batchSize: 500 }
]

/**
 * Multiples of parsing and stringifying the same records; for the tracker, of the same flow without
 * it.
 */
export async function measure(): Promise<Record<string, number>> {
  const costs = Object.fromEntries(
    (await subjects()).map(({ name, work }) => [name, costRatio(work, baseline.work)])
  )
  for (const { batchSize, ratio } of await measureTracker(TRACKED)) {
    costs[`tracker idle, ${batchSize} a message`] = ratio.idle
    costs[`tracker tracking, ${batchSize} a message`] = ratio.tracking
  }
  return costs
}

/**
 * Engines differ, so each major version of Node has figures of its own; an unknown one takes the
 * next lower.
 */
export function accepted(major = Number(process.versions.node.split('.')[0])): Costs {
  const all = read()
  const versions = Object.keys(all)
    .map(Number)
    .sort((a, b) => a - b)
  const nearest = versions.findLast(version => version <= major) ?? versions[0]
  return all[String(nearest)] ?? {}
}

export function accept(costs: Costs): void {
  const rounded = Object.fromEntries(
    Object.entries(costs).map(([name, cost]) => [name, Number(cost.toFixed(3))])
  )
  const major = process.versions.node.split('.')[0]!
  writeFileSync(FILE, `${JSON.stringify({ ...read(), [major]: rounded }, null, 2)}\n`)
}

function read(): Record<string, Costs> {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Costs>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/**
 * Sentences about what has become too expensive; what has no accepted figure yet is one as well.
 */
export function regressions(costs: Costs, limits: Costs = accepted()): string[] {
  return Object.entries(costs).flatMap(([name, cost]) => {
    const limit = limits[name]
    if (limit === undefined)
      return [`${name} has no accepted figure: run node --import tsx bench/regression.ts --accept.`]
    const factor = cost / limit
    return factor > TOLERANCE
      ? [`${name} costs ${cost.toFixed(3)}, ${factor.toFixed(2)} times the accepted ${limit}.`]
      : []
  })
}
