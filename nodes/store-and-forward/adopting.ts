import { rm } from 'node:fs/promises'
import { takeUp } from './left-behind.ts'
import { type Damage, Queue } from './queue.ts'
import { openQueueStore, putAside } from './queue-store.ts'

/** What was taken over of a queue, and what is wrong with that. */
export interface Adopted {
  readonly records: number
  readonly damage: Damage
}

/** So much is read and written at a time. */
const LIMITS = { records: Number.MAX_SAFE_INTEGER, bytes: 4 << 20 }

/**
 * Takes over everything from the queue in a folder, which has been left behind; the whole entries
 * of it are in this queue when this resolves.
 * @throws QueueUnavailable
 */
export async function adopt(queue: Queue, folder: string): Promise<Adopted> {
  const store = await openQueueStore(folder)
  const old = new Queue({
    gatherMs: 0,
    isStrict: true,
    nowMs: Date.now,
    onTrouble: () => {},
    open: () => openQueueStore(folder),
    onWritten: () => {}
  })
  try {
    await old.open(store)
    let records = 0
    for (const lane of [...old.lanes, old.left]) {
      while (lane.has('backlog')) {
        const entries = await old.take(lane, 'backlog', LIMITS)
        await queue.place(entries)
        for (const entry of entries) records += entry.records
      }
    }
    return { records, damage: old.damage }
  } finally {
    await old.close()
    await store.close()
  }
}

/**
 * The same, after which the folder is gone: what the disk has damaged of it is put aside.
 * @returns what was done, in words
 */
export async function takeOver(
  queue: Queue,
  folder: string
): Promise<{ readonly said: string; readonly isWhole: boolean }> {
  const { records, damage } = await adopt(queue, folder)
  const { missing, changed } = damage
  const said = `${records} records were taken over.`
  const isWhole = missing + changed === 0
  const aside = isWhole ? undefined : await putAside(folder, Date.now())
  if (isWhole) await rm(folder, { recursive: true, force: true })
  takeUp(folder)
  if (isWhole) return { said, isWhole }
  const why = `The disk had lost ${missing} others and changed ${changed} entries`
  return { said: `${said} ${why}: what is there of them is kept in ${aside}.`, isWhole }
}
