/**
 * `node --import tsx bench/regression.ts`: shows what the hot path costs; with `--accept` these
 * figures become the accepted ones.
 */
import { median } from './regression/compare.ts'
import { accept, accepted, type Costs, measure, regressions } from './regression/guard.ts'

const ACCEPT_RUNS = 5

async function middleOfRuns(): Promise<Costs> {
  const runs: Costs[] = []
  for (let run = 0; run < ACCEPT_RUNS; run++) runs.push(await measure())
  return Object.fromEntries(
    Object.keys(runs[0]!).map(name => [name, median(runs.map(costs => costs[name]!))])
  )
}

const accepting = process.argv.includes('--accept')
const costs = accepting ? await middleOfRuns() : await measure()
const limits = accepted()
for (const [name, cost] of Object.entries(costs))
  console.log(`${name.padEnd(22)} ${cost.toFixed(3)}  accepted ${limits[name] ?? '-'}`)
if (accepting) accept(costs)
else {
  const found = regressions(costs)
  for (const sentence of found) console.error(sentence)
  process.exitCode = found.length > 0 ? 1 : 0
}
