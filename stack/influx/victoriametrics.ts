/** VictoriaMetrics, built from its Go module. Only tests start it. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from '../errors.ts'
import type { Command } from '../process.ts'
import { cacheFolder } from '../services.ts'
import type { TimeSeriesPlace } from './questdb.ts'

const run = promisify(execFile)

const VERSION = 'v1.151.0'
export const VICTORIAMETRICS = `VictoriaMetrics ${VERSION.slice(1)}`
const folderOf = () => join(cacheFolder(), `victoriametrics-${VERSION}`)
const fileIn = (folder: string) => join(folder, 'victoria-metrics')

/** It takes minutes of two cores, so it is built only where that is wanted. */
export const isBuilt = (): boolean => existsSync(fileIn(folderOf()))

/** Go checks what it downloads against the checksums that it knows. */
export async function build(): Promise<void> {
  if (isBuilt()) return
  const half = `${folderOf()}.${process.pid}`
  mkdirSync(half, { recursive: true })
  const env = {
    ...process.env,
    GOBIN: half,
    GOMODCACHE: join(half, 'modules'),
    GOCACHE: join(half, 'objects'),
    GOFLAGS: '-mod=mod -modcacherw'
  }
  const source = 'github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics'
  try {
    await run('go', ['install', `${source}@${VERSION}`], { env, cwd: half, timeout: 900_000 })
    for (const name of ['modules', 'objects'])
      rmSync(join(half, name), { recursive: true, force: true })
    renameSync(half, folderOf())
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    const why = (error as Error).message.split('\n')[0]
    throw new StackError('DOWNLOAD_FAILED', `${VICTORIAMETRICS} cannot be built: ${why}`, {
      cause: error
    })
  }
}

export async function victoriaMetricsCommand({ folder, port }: TimeSeriesPlace): Promise<Command> {
  await build()
  return {
    file: fileIn(folderOf()),
    args: [
      `-storageDataPath=${join(folder, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      // What is older than a month it would drop without a word.
      '-retentionPeriod=100y',
      '-dedup.minScrapeInterval=1ms'
    ]
  }
}
