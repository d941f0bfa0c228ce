/**
 * A real PostgreSQL 18, for what the embedded database cannot show: concurrency, fail-over, TLS.
 */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ensureCertificates } from '../certificates.ts'
import { StackError } from '../errors.ts'
import type { Launcher } from '../launcher.ts'
import { probePostgres } from '../probe.ts'
import { identify } from '../process.ts'
import { accounts } from '../services.ts'
import { findBinaries, identity, reachable } from './binaries.ts'

const run = promisify(execFile)
const host = '127.0.0.1'
const { user, password, database } = accounts.postgres

function giveAway(path: string): void {
  if (identity) chownSync(path, identity.uid, identity.gid)
}

async function initialize(initdb: string, data: string): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION'))) return
  rmSync(data, { recursive: true, force: true })
  mkdirSync(dirname(data), { recursive: true, mode: 0o755 })
  mkdirSync(data, { mode: 0o700 })
  giveAway(data)
  const passwordFile = join(tmpdir(), `millrace-${process.pid}`)
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  giveAway(passwordFile)
  const options = [
    '-U',
    user,
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync'
  ]
  try {
    await run(initdb, ['-D', data, ...options], { ...identity, cwd: tmpdir() })
  } catch (error) {
    rmSync(data, { recursive: true, force: true })
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new StackError(
      'SETUP_FAILED',
      `PostgreSQL's data folder ${data} could not be made:\n${stderr || message}`,
      { cause: error }
    )
  } finally {
    rmSync(passwordFile)
  }
}

/**
 * The server reads its key only when nobody else can. Returns the path of the authority's
 * certificate.
 */
function giveCertificates(home: string, data: string): string {
  const { ca, serverCert, serverKey } = ensureCertificates(home)
  const copies = [
    [serverCert, 'server.crt'],
    [serverKey, 'server.key']
  ] as const
  for (const [from, name] of copies) {
    const to = join(data, name)
    rmSync(to, { force: true })
    copyFileSync(from, to)
    chmodSync(to, 0o600)
    giveAway(to)
  }
  return ca
}

/**
 * PostgreSQL does not start while the process of its postmaster.pid exists, and takes a zombie for
 * one that does: after a kill -9 it stays one until its parent, maybe a busy test, has asked for
 * its end.
 */
function forgetZombie(data: string): void {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0])
  if (identify(pid) === undefined) rmSync(file, { force: true })
}

/**
 * The folder of the server's data for a service folder: below the home, or where "nobody" can reach
 * it.
 */
export function postgresData(folder: string): string {
  return join(reachable(folder), 'data')
}

export const postgres: Launcher<'postgres'> = {
  check() {
    findBinaries()
  },

  async prepare({ home, folder, port }) {
    const { initdb, postgres: server } = findBinaries()
    const data = postgresData(folder)
    await initialize(initdb, data)
    forgetZombie(data)
    const ca = giveCertificates(home, data)
    const settings = [
      `listen_addresses=${host}`,
      'unix_socket_directories=',
      'shared_buffers=64MB',
      'max_connections=100',
      'ssl=on'
    ]
    const args = [
      '-D',
      data,
      '-p',
      String(port('postgres')),
      ...settings.flatMap(setting => ['-c', setting])
    ]
    const url = `postgres://${user}:${password}@${host}:${port('postgres')}/${database}`
    return { command: { file: server, args, cwd: tmpdir(), ...identity }, detail: { url, ca } }
  },

  ready: ({ port }) => probePostgres(port('postgres'), user, database)
}
