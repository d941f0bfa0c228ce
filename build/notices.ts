import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The licences of the packages that these source files come from, as they ask to be passed on with
 * copies.
 */
export async function thirdPartyNotices(files: readonly string[]): Promise<Buffer> {
  const folders = new Set(files.map(packageFolder).filter(folder => folder !== undefined))
  const notices = await Promise.all([...folders].sort().map(notice))
  const head = 'Parts of these packages are contained in the files of this folder.\n'
  return Buffer.from([head, ...notices].join(`\n${'-'.repeat(80)}\n\n`))
}

function packageFolder(file: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(file)?.[0]
}

async function notice(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8')
  ) as Record<string, string>
  const file = (await readdir(folder)).find(entry => /^licen[cs]e/i.test(entry))
  if (!file) throw new Error(`${name} is bundled, but its package has no licence file to pass on.`)
  return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`
}
