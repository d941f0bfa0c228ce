/** InfluxDB 1, as Debian has it. Only tests and benchmarks start it. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from '../errors.ts'
import type { Command } from '../process.ts'
import { cacheFolder } from '../services.ts'
import type { TimeSeriesPlace } from './questdb.ts'

const run = promisify(execFile)

export const INFLUXDB = 'InfluxDB 1.6.7'
const PACKAGE = 'influxdb=1.6.7~rc0-1+b13'
const SHA256 = 'fcfddf7937befd82264359feaeb2f46a79f9574656ee0981eb19dcc5a153f55c'
/** Of x86-64, which the checksum is of. */
const folderOf = () => join(cacheFolder(), 'influxdb-1.6.7')

/** The program, unpacked from Debian's package without being installed. */
export async function program(): Promise<string> {
  const whole = folderOf()
  const file = join(whole, 'usr', 'bin', 'influxd')
  if (existsSync(file)) return file
  const half = `${whole}.${process.pid}`
  mkdirSync(half, { recursive: true })
  try {
    await run('apt-get', ['-q', 'download', PACKAGE], { cwd: half, timeout: 120_000 })
    const [archive = ''] = readdirSync(half).filter(name => name.endsWith('.deb'))
    const sum = createHash('sha256')
      .update(readFileSync(join(half, archive)))
      .digest('hex')
    if (sum !== SHA256) throw new Error(`${archive} has another checksum`)
    await run('dpkg-deb', ['-x', join(half, archive), half])
    rmSync(join(half, archive))
    renameSync(half, whole)
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    const why = (error as Error).message.split('\n')[0]
    throw new StackError('DOWNLOAD_FAILED', `Debian's package ${PACKAGE} cannot be had: ${why}`, {
      cause: error
    })
  }
  return file
}

const configuration = ({ folder, port, otherPort }: TimeSeriesPlace, withLogin: boolean) => `
reporting-disabled = true
bind-address = "127.0.0.1:${otherPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = ${withLogin}
  log-enabled = false
`

export async function influxDbCommand(place: TimeSeriesPlace, withLogin = false): Promise<Command> {
  const file = await program()
  mkdirSync(place.folder, { recursive: true })
  const path = join(place.folder, 'influxdb.conf')
  writeFileSync(path, configuration(place, withLogin))
  return { file, args: ['-config', path] }
}
