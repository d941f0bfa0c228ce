import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryOf } from '../../../nodes/store-and-forward/entry.ts'
import { RecordWriter } from '../../../nodes/store-and-forward/kept-record.ts'
import { type QueueLane, type QueueReader, READERS } from '../../../nodes/store-and-forward/lane.ts'
import { Queue, type Stored } from '../../../nodes/store-and-forward/queue.ts'
import { openQueueStore, type QueueStore } from '../../../nodes/store-and-forward/queue-store.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

/** A queue on a real disk, for tests. */
export class TestQueue {
  readonly root = mkdtempSync(join(tmpdir(), 'millrace-queue-'))
  readonly folder = join(this.root, 'queue')
  readonly troubles: unknown[] = []
  queue!: Queue

  constructor(
    private readonly isStrict = false,
    private readonly nowMs: () => number = Date.now
  ) {}

  /** Not open yet. */
  make(open = () => openQueueStore(this.folder)): Queue {
    return new Queue({
      gatherMs: 0,
      isStrict: this.isStrict,
      nowMs: this.nowMs,
      onTrouble: error => {
        if (error !== undefined) this.troubles.push(error)
      },
      open,
      onWritten: () => {}
    })
  }

  async open(): Promise<this> {
    this.queue = this.make()
    await this.queue.open(await openQueueStore(this.folder))
    return this
  }

  /** Resolves when they are on the disk. */
  add(records: readonly object[], priority = 2, properties = ''): Promise<void> {
    const writer = new RecordWriter()
    for (const record of records) {
      const kept = writer.write(record)
      if ('code' in kept) throw new Error(kept.message)
      this.queue.add(priority, kept, properties, true)
    }
    return new Promise((resolve, refuse) => this.queue.written(resolve, refuse))
  }

  take(lane: QueueLane, reader: QueueReader, records = ALL.records): Promise<Stored[]> {
    return this.queue.exclusive(() => this.queue.take(lane, reader, { ...ALL, records }))
  }

  /** Everything that no reader has read, in the order it would leave. */
  async rest(): Promise<object[]> {
    const found: object[] = []
    for (const lane of this.queue.lanes)
      for (const reader of [...READERS].reverse())
        while (lane.has(reader)) found.push(...recordsOf(await this.take(lane, reader)))
    return found
  }

  async reopen(): Promise<this> {
    await this.queue.close()
    return this.open()
  }

  async remove(): Promise<void> {
    await this.queue.close()
    rmSync(this.root, { recursive: true, force: true })
  }
}

export const recordsOf = (stored: readonly Stored[]): object[] =>
  stored.flatMap(({ value }) => [...(entryOf(value)?.records ?? [])])

/** Of a store, to replace some of them. */
export const methodsOf = (store: QueueStore): QueueStore => ({
  load: () => store.load(),
  read: (...given) => store.read(...given),
  write: (...given) => store.write(...given),
  tidy: () => store.tidy(),
  close: () => store.close()
})

/** Changes what is under the first key that begins so; gives the key. */
export async function changeOne(
  folder: string,
  change: (value: string) => string,
  begins = '2'
): Promise<string[]> {
  const store = await openQueueStore(folder)
  for await (const [key, value] of store.load()) {
    if (!key.startsWith(begins)) continue
    await store.write(new Map([[key, change(value)]]), true)
    await store.close()
    return [key]
  }
  return []
}

export const numbersOf = (records: readonly object[]) =>
  records.map(record => (record as { n: number }).n)
