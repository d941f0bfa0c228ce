/** TimescaleDB as a process of its own. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Launcher } from '../launcher.ts'
import { probePostgres } from '../probe.ts'
import { accounts, repository } from '../services.ts'

/**
 * Loads TypeScript into Node; a path, because the server does not run in a folder where the package
 * would be found.
 */
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const { user, database } = accounts.timescale

export const timescale: Launcher<'timescale'> = {
  // Node is there, and the database is one of its packages
  check() {},

  prepare({ folder, port }) {
    const server = join(repository, 'stack', 'timescale', 'server.ts')
    const args = ['--import', tsx, server, folder, String(port('timescale'))]
    const url = `postgres://${user}@127.0.0.1:${port('timescale')}/${database}`
    return Promise.resolve({
      command: { file: process.execPath, args, cwd: repository },
      detail: { url }
    })
  },
  ready: ({ port }) => probePostgres(port('timescale'), user, database)
}
