/** TimescaleDB as a process of its own. */
import { join } from 'node:path'
import type { Launcher } from '../launcher.ts'
import { probePostgres } from '../probe.ts'
import { accounts, repository } from '../services.ts'

const { user, database } = accounts.timescale

export const timescale: Launcher<'timescale'> = {
  prepare({ folder, port }) {
    const server = join(repository, 'stack', 'timescale', 'server.ts')
    const args = ['--import', import.meta.resolve('tsx'), server, folder, String(port('timescale'))]
    const url = `postgres://${user}@127.0.0.1:${port('timescale')}/${database}`
    return Promise.resolve({ command: { file: process.execPath, args, cwd: repository }, detail: { url } })
  },
  ready: ({ port }) => probePostgres(port('timescale'), user, database)
}
