/** Lets objects pass through a map or a set, as messages do through a flow. */
import { PassingMap, PassingSet } from '../../core/passing-map.ts'

const map = process.argv[2] === 'map' ? new Map<string, object>() : new PassingMap<string, object>()
const set = process.argv[2] === 'passing-set' ? new PassingSet<object>() : undefined
const open: { id: string }[] = []

function come(number: number): void {
  const message = { id: `message ${number}`, numbers: Array.from({ length: 100 }, Math.random) }
  open.push(message)
  if (set === undefined) map.set(message.id, message)
  else set.add(message)
  if (open.length <= 8) return
  const first = open.shift()!
  if (set === undefined) map.delete(first.id)
  else set.delete(first)
}

console.log('begun')
for (let number = 0; number < 120_000; number++) {
  if (number % 40 === 0) await new Promise(setImmediate)
  come(number)
}
