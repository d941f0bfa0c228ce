/**
 * Says on standard output how large the young generation becomes under work, and what is left of it
 * in calm. Ends as soon as that is known.
 */
import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { keepHeapSmall } from '../../core/heap.ts'

const LIMIT_MS = 45_000
const TURNS = 1_500
const CALM_MB = 8

const sizeMb = (space: string) =>
  (getHeapSpaceStatistics().find(({ space_name: name }) => name === space)?.space_size ?? 0) /
  1024 /
  1024

keepHeapSmall()
const alive = Array.from({ length: 400_000 }, (_, index) => ({ index, list: [index] }))

let youngMb = 0
let inFlight: object[] = []
for (let turn = 0; turn < TURNS; turn++) {
  for (let index = 0; index < 2_000; index++)
    inFlight.push({ index, name: `name ${index}`, more: { list: [index, turn] } })
  if (inFlight.length > 40_000) inFlight = []
  if (turn > TURNS / 2) youngMb = Math.max(youngMb, sizeMb('new_space'))
  await setImmediate()
}
inFlight = []
const limit = performance.now() + (process.execArgv.some(flag => /semi/.test(flag)) ? 0 : LIMIT_MS)
while (sizeMb('new_space') > CALM_MB && performance.now() < limit) await wait(250)
console.log(JSON.stringify({ youngMb, calmMb: sizeMb('new_space'), alive: alive.length }))
