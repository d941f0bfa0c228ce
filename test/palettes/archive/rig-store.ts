/** What is in a store, looked at from outside of the nodes. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseOptions } from '../../../core/node/spec.ts'
import { openStore } from '../../../palettes/archive/core/open-store.ts'
import { settingsOf } from '../../../palettes/archive/nodes/archive-store/logic.ts'
import { spec } from '../../../palettes/archive/nodes/archive-store/spec.ts'

const opened = (settings: object) =>
  openStore(settingsOf(parseOptions(spec, { ...settings }), '/tmp'))

export async function pathsIn(settings: object): Promise<string[]> {
  const store = await opened(settings)
  const paths: string[] = []
  for await (const { path } of store.list('')) paths.push(path)
  store.close()
  return paths
}

/** Brings all files of records into a folder, for other readers. */
export async function broughtTo(folder: string, settings: object): Promise<string> {
  const store = await opened(settings)
  for await (const { path } of store.list('')) {
    if (path.startsWith('_millrace/')) continue
    const local = join(folder, path)
    mkdirSync(dirname(local), { recursive: true })
    await store.bring(path, local)
  }
  store.close()
  return folder
}
