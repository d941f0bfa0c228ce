import { randomBytes } from 'node:crypto'
import { formatOf } from './file-name.ts'
import { openStore } from './open-store.ts'
import { type StoreSettings, shownStore } from './settings.ts'
import type { Store } from './store.ts'

/** Names that a person can choose from. */
const MOST_NAMES = 200
/** Files that are looked at for them. */
const MOST_FILES = 20_000

/** Writes, reads and deletes a small file, and says what the store can do. */
export async function describeStore(settings: StoreSettings, signal: AbortSignal): Promise<string> {
  const isOnce = await withStore(settings, signal, async store => {
    const path = `_millrace/test-${randomBytes(6).toString('hex')}.json`
    try {
      await store.create(path, '{}\n')
      await store.read(path)
      const isTwice = await store.create(path, '{}\n')
      for await (const _file of store.list(path)) break
      return !isTwice
    } finally {
      await store.remove(path).catch(() => undefined)
    }
  })
  const shown = shownStore(settings)
  return isOnce
    ? `${shown} can be written, read and listed.`
    : `${shown} can be written, but it lets a name be taken twice (it does not know If-None-Match): let one Node-RED alone archive a partition there.`
}

/** Templates of paths that the files there are found by: of all of them, and of some. */
export const templatesOf = (settings: StoreSettings, signal: AbortSignal): Promise<string[]> =>
  withStore(settings, signal, async store => {
    const [all, some] = [new Set<string>(), new Set<string>()]
    let files = 0
    for await (const { path } of store.list('')) {
      if (signal.aborted || some.size >= MOST_NAMES || ++files > MOST_FILES) break
      if (path.startsWith('_millrace/') || formatOf(path) === undefined) continue
      const timed = withTime(path.slice(0, path.lastIndexOf('/') + 1))
      some.add(timed)
      all.add(timed.replace(/(^|\/)([A-Za-z_][\w.]*)=[^/{}]+(?=\/)/g, '$1$2={$2}'))
    }
    return [...new Set([...all, ...some])].filter(path => path !== '')
  })

const withTime = (folder: string): string =>
  folder
    .replace(/(^|[/=])\d{4}-\d{2}-\d{2}(?=\/)/g, '$1{date}')
    .replace(/(^|\/)(year|month|day|hour)=\d+(?=\/)/g, '$1$2={$2}')

async function withStore<T>(
  settings: StoreSettings,
  signal: AbortSignal,
  work: (store: Store) => Promise<T>
): Promise<T> {
  const store = await openStore(settings)
  try {
    const aborted = new Promise<never>((_, refuse) => {
      signal.addEventListener('abort', () => refuse(signal.reason as Error), { once: true })
    })
    return await Promise.race([work(store), aborted])
  } finally {
    store.close()
  }
}
