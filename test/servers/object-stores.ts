/** Servers of S3 and of Azure Blob Storage, which the tests of the archive start for themselves. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../stack/services.ts'
import { OwnServer } from './own-server.ts'

const run = promisify(execFile)
const INSTALL_MS = 240_000

const MOTO = '5.2.5'
const AZURITE = '3.37.0'
const DUCKDB = '1.5.6-r.1'

/** Installed once a user; whole, or not at all. */
async function installed(name: string, install: (folder: string) => Promise<unknown>) {
  const whole = join(cacheFolder(), name)
  if (existsSync(whole)) return whole
  const half = `${whole}.${process.pid}`
  mkdirSync(half, { recursive: true })
  await install(half)
  if (existsSync(whole)) rmSync(half, { recursive: true })
  else renameSync(half, whole)
  return whole
}

const QUIET = ['--no-audit', '--no-fund', '--silent']
const npmPackage = (short: string, name: string, version: string) =>
  installed(`${short}-${version}`, folder =>
    run('npm', ['install', '--prefix', folder, `${name}@${version}`, ...QUIET], {
      timeout: INSTALL_MS
    })
  )

const answers = ({ port }: { readonly port: number }) =>
  fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    () => false
  )

export interface ObjectStore {
  start(): Promise<void>
  /** Settings of the node "archive store" for this server. */
  settings(container: string): Record<string, unknown>
  /** Makes a bucket or container. */
  make(container: string): Promise<void>
  /** Deletes it, with what is in it. */
  unmake(container: string): Promise<void>
  kill(): Promise<void>
  restart(): Promise<void>
  end(): Promise<void>
  readonly url: string
}

const urlOf = (url: string) => url.replace(/^mqtt:/, 'http:')

/** S3 of moto: Python's server of the interfaces of Amazon. */
export function s3Server(): ObjectStore {
  const server = new OwnServer(
    's3',
    async ({ port }) => {
      // Not moved once it is made: its programs name their place.
      const place = join(cacheFolder(), `moto-${MOTO}`)
      if (!existsSync(join(place, 'whole'))) {
        rmSync(place, { recursive: true, force: true })
        await run('python3', ['-m', 'venv', place], { timeout: INSTALL_MS })
        const pip = join(place, 'bin', 'pip')
        await run(pip, ['install', '-q', `moto[server,s3]==${MOTO}`], { timeout: INSTALL_MS })
        mkdirSync(join(place, 'whole'))
      }
      return { file: join(place, 'bin', 'moto_server'), args: ['-H', '127.0.0.1', '-p', `${port}`] }
    },
    answers
  )
  let url = ''
  const request = (method: string, path: string) => fetch(`${url}/${path}`, { method })
  return {
    async start() {
      url = urlOf((await server.start()).url)
    },
    get url() {
      return url
    },
    settings: bucket => ({
      kind: 's3',
      bucket,
      endpoint: url,
      pathStyle: true,
      accessKey: 'test',
      secretKey: 'secret'
    }),
    async make(bucket) {
      await request('PUT', bucket)
    },
    async unmake(bucket) {
      const listing = await (await request('GET', `${bucket}?list-type=2`)).text()
      for (const [, key] of listing.matchAll(/<Key>([^<]+)<\/Key>/g))
        await request('DELETE', `${bucket}/${key}`)
      await request('DELETE', bucket)
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    end: () => server.end()
  }
}

const ACCOUNT = 'devstoreaccount1'
/** The one that Azurite has, which its maker publishes. */
const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** Azurite, the emulator of Azure's maker. */
export function azureServer(): ObjectStore {
  let modules = ''
  const server = new OwnServer(
    'azurite',
    async ({ port, folder }) => {
      modules = join(await npmPackage('azurite', 'azurite', AZURITE), 'node_modules')
      const main = join(modules, 'azurite', 'dist', 'src', 'blob', 'main.js')
      const place = ['--blobHost', '127.0.0.1', '--blobPort', `${port}`, '--location', folder]
      return {
        file: process.execPath,
        args: [main, ...place, '--silent', '--disableTelemetry', '--skipApiVersionCheck']
      }
    },
    answers
  )
  let url = ''
  const connectionString = () =>
    `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${url}/${ACCOUNT};`
  const container = async (name: string) => {
    const { BlobServiceClient } = await import('@azure/storage-blob')
    return BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(name)
  }
  return {
    async start() {
      url = urlOf((await server.start()).url)
    },
    get url() {
      return url
    },
    settings: name => ({
      kind: 'azure',
      container: name,
      login: 'connection',
      connectionString: connectionString()
    }),
    async make(name) {
      await (await container(name)).createIfNotExists()
    },
    async unmake(name) {
      await (await container(name)).deleteIfExists()
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    end: () => server.end()
  }
}

/** Rows of a statement that DuckDB runs, another reader than ours. */
export async function duckDb(statement: string): Promise<Record<string, unknown>[]> {
  const folder = await npmPackage('duckdb', '@duckdb/node-api', DUCKDB)
  const load = createRequire(join(folder, 'package.json'))
  const { DuckDBInstance } = load('@duckdb/node-api') as {
    DuckDBInstance: { create(path: string): Promise<DuckDb> }
  }
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(statement)).getRowObjectsJson()
  } finally {
    connection.closeSync()
  }
}

interface DuckDb {
  connect(): Promise<{
    runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): Record<string, unknown>[] }>
    closeSync(): void
  }>
}
