/**
 * Opens the queue in the folder that it is given, says what is in it, and adds records for ever,
 * saying of each group once it is on the disk. Removes the first ones meanwhile.
 */
import { entryOf } from '../../../nodes/store-and-forward/entry.ts'
import { RecordWriter } from '../../../nodes/store-and-forward/kept-record.ts'
import { Queue } from '../../../nodes/store-and-forward/queue.ts'
import { openQueueStore } from '../../../nodes/store-and-forward/queue-store.ts'

const [folder = '', from = '0'] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const queue = new Queue({
  gatherMs: 0,
  isStrict: true,
  nowMs: Date.now,
  onTrouble: error => error !== undefined && say({ trouble: String(error) }),
  open: () => openQueueStore(folder),
  onWritten: () => {}
})
await queue.open(await openQueueStore(folder))
const lane = queue.lanes[2]!
const limits = { records: 1, bytes: 1 }
const found: number[] = []
const stored = []
while (lane.has('backlog')) {
  const entries = await queue.exclusive(() => queue.take(lane, 'backlog', limits))
  stored.push(...entries)
  for (const { value } of entries)
    found.push(...entryOf(value)!.records.map(record => (record as { n: number }).n))
}
say({ found, damage: queue.damage })
for (let n = Math.max(Number(from), (found.at(-1) ?? -1) + 1); ; ) {
  const group: number[] = []
  for (let more = (n * 7) % 23; more >= 0; more--) {
    const kept = new RecordWriter().write({ n, text: 'x'.repeat((n * 37) % 3000) })
    if ('text' in kept) queue.add(2, kept, '', true)
    group.push(n++)
  }
  await new Promise<void>((resolve, refuse) => queue.written(resolve, refuse))
  say({ written: group.at(-1) })
  const first = stored.shift()
  if (first !== undefined) {
    const gone = entryOf(first.value)!.records.map(record => (record as { n: number }).n)
    say({ removing: gone.at(-1) })
    queue.forget(first)
  }
}
