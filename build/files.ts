import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

/** Path below the output folder, with forward slashes → content. */
export type Files = Map<string, Buffer>

/** Makes a folder hold exactly these files: writes what differs, removes what is not among them. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of files) {
    const file = join(folder, path)
    const now = await readFile(file).catch(() => undefined)
    if (now?.equals(content)) continue
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  for (const path of await filesBelow(folder))
    if (!files.has(path)) await rm(join(folder, path), { force: true })
}

/** Every file below a folder, as paths with forward slashes relative to it, in order. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}
