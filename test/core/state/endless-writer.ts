/**
 * Writes to the store of a folder until it is killed. Says the number of each write on a line once
 * it is durable.
 */
import { openLevelStore } from '../../../core/state/level-store.ts'

const store = await openLevelStore(process.argv[2]!)
for (let number = 1; ; number++) {
  const changes = new Map<string, string | undefined>()
  for (let key = 0; key < 50; key++) changes.set(`k${key}`, String(number))
  changes.set(`made by ${number}`, 'x'.repeat(500))
  changes.set(`made by ${number - 1}`, undefined)
  await store.write(changes)
  process.stdout.write(`${number}\n`)
}
