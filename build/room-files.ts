import { join } from 'node:path'
import { bundleForBrowser } from './browser.ts'
import type { Files } from './files.ts'
import { localeOf } from './locale.ts'
import { pageOf } from './page.ts'
import type { Room } from './rooms.ts'

/** What Node-RED's editor loads of a node, and its locale. */
export async function roomFiles(room: Room): Promise<Files> {
  const parts = [
    room.hasEditor ? await bundleForBrowser(join(room.folder, 'editor.ts'), 'room') : '',
    room.hasMigrations ? await bundleForBrowser(join(room.folder, 'migrations.ts'), 'saved') : ''
  ]
  return new Map([
    [`${room.name}.html`, Buffer.from(pageOf(room, parts.join('\n').trim()))],
    [
      `locales/en-US/${room.name}.json`,
      Buffer.from(`${JSON.stringify({ ...localeOf(room.spec) }, null, 2)}\n`)
    ]
  ])
}
