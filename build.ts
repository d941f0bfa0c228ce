import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileNodes } from './build/code.ts'
import { type Files, writeFiles } from './build/files.ts'
import { copyIcons } from './build/icons.ts'
import { companions, HOME, isCompanion } from './build/palettes.ts'
import { editorPlugin } from './build/plugin.ts'
import { roomFiles } from './build/room-files.ts'
import { type Room, readRooms } from './build/rooms.ts'

export interface BuildOptions {
  /**
   * The folder with `nodes/` and `icons/`: the repository where absent, that of a companion, or one
   * of a test.
   */
  readonly root?: string
  readonly outdir?: string
}

export interface BuildReport {
  readonly rooms: readonly Room[]
  readonly files: Files
  readonly warnings: readonly string[]
}

/**
 * Makes `dist/` from the rooms that exist. Files that did not change are left alone, so a running
 * Node-RED is not disturbed.
 */
export async function build({
  root = HOME,
  outdir = resolve(root, 'dist')
}: BuildOptions = {}): Promise<BuildReport> {
  const { rooms, warnings } = await readRooms(root)
  const [code, plugin, icons, ...pages] = await Promise.all([
    compileNodes(root, rooms),
    isCompanion(root) ? new Map<string, Buffer>() : editorPlugin(),
    copyIcons(root),
    ...rooms.map(room => roomFiles(room))
  ])
  const files: Files = new Map([...code, ...plugin, ...icons, ...pages.flatMap(page => [...page])])
  await writeFiles(outdir, files)
  return { rooms, files, warnings }
}

/** The main package and all companions. */
async function main(): Promise<void> {
  await told('', HOME)
  for (const { short, folder } of await companions()) await told(`${short}: `, folder)
}

async function told(which: string, root: string): Promise<void> {
  const startedMs = performance.now()
  const { rooms, files, warnings } = await build({ root })
  for (const warning of warnings) console.warn(`warning: ${which}${warning}`)
  const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0)
  const tookMs = Math.round(performance.now() - startedMs)
  console.log(
    `${which}${rooms.length} nodes, ${files.size} files, ${Math.round(bytes / 1024)} kB in ${tookMs} ms`
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
