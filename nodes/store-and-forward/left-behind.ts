import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Beside the queue of a node that is gone, whose name is the rest. */
const SUFFIX = '.left-behind.json'

/** A queue with records whose node was deleted. */
export interface LeftBehind {
  /** The name of its folder. */
  readonly folder: string
  readonly name: string
  readonly records: number
}

/** The node is deleted, and its records are not: nothing that was acknowledged is lost silently. */
export function leaveBehind(
  folder: string,
  node: { readonly name?: string | undefined; warn(sentence: string): void },
  records: number
): void {
  node.warn(
    `The node was deleted while ${records} records wait in it. They are kept in ${folder}: undo the deletion to send them on, or take them over in the dialog of another store and forward.`
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
  try {
    const names = readdirSync(root).filter(name => name.endsWith(SUFFIX))
    return names.map(file => {
      const { name, records } = JSON.parse(readFileSync(join(root, file), 'utf8')) as LeftBehind
      return { folder: file.slice(0, -SUFFIX.length), name: String(name), records: Number(records) }
    })
  } catch {
    return []
  }
}
