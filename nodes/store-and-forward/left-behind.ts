import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Beside the queue of a node that is gone, whose name is the rest. */
const SUFFIX = '.left-behind.json'

/** A queue with records whose node was deleted. */
export interface LeftBehind {
  /** The name of its folder. */
  readonly folder: string
  readonly name: string
  /** How many wait in it; undefined where the node could not open it. */
  readonly records?: number | undefined
}

/** Of a queue that is closed. */
interface Closed {
  /** Records that wait, and those that were left out and have not left. */
  readonly records: number
  readonly left: { readonly records: number }
  readonly damage: { readonly changed: number }
}

/**
 * The node is deleted. What is in its queue is not, so that nothing that was acknowledged is lost
 * silently.
 * @param queue undefined where it could not be opened
 */
export async function endOf(
  folder: string,
  node: { readonly name?: string | undefined; warn(sentence: string): void },
  queue: Closed | undefined
): Promise<void> {
  if (!existsSync(folder)) return
  const records = queue && queue.records + queue.left.records
  const changed = queue?.damage.changed ?? 0
  if (records === 0 && changed === 0) {
    await rm(folder, { recursive: true, force: true })
    return
  }
  const damaged = changed === 0 ? '' : `, and ${changed} entries are damaged`
  const what =
    records === undefined
      ? 'its queue could not be opened, so that nobody knows how many records wait in it'
      : `${records} records wait in it${damaged}`
  node.warn(
    `The node was deleted while ${what}. What it has is kept in ${folder}: undo the deletion to send it on, or take it over in the dialog of another store and forward.`
  )
  try {
    writeFileSync(folder + SUFFIX, JSON.stringify({ name: node.name ?? '', records }))
  } catch {
    // The folder with the records is there all the same.
  }
}

/** The node is there again. */
export const takeUp = (folder: string): void => rmSync(folder + SUFFIX, { force: true })

/** What nodes that are gone have left in the folder of all queues. */
export function leftBehindIn(root: string): LeftBehind[] {
  return namesIn(root)
    .filter(name => name.endsWith(SUFFIX))
    .map(file => ({ folder: file.slice(0, -SUFFIX.length), ...noteIn(join(root, file)) }))
}

function namesIn(root: string): string[] {
  try {
    return readdirSync(root)
  } catch {
    return []
  }
}

/** A note that was written in part, as on a full disk, hides nothing. */
function noteIn(file: string): Pick<LeftBehind, 'name' | 'records'> {
  try {
    const { name, records } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    return {
      name: typeof name === 'string' ? name : '',
      records: typeof records === 'number' ? records : undefined
    }
  } catch {
    return { name: '', records: undefined }
  }
}
