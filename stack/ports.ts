/** Finding ports that nobody listens on, and who holds one. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { endianness } from 'node:os'
import { StackError } from './errors.ts'

const host = '127.0.0.1'

/** Whether we could listen there now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise(done => {
    const server = createServer()
    server.once('error', () => done(false))
    server.listen(port, host, () => server.close(() => done(true)))
  })
}

/** The first free port at or after the wanted one that is not among those already given away. */
export async function nextFree(wanted: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = wanted; port < wanted + 1000 && port < 65_536; port++) {
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new StackError(
    'PORT_BUSY',
    `No free port between ${wanted} and ${wanted + 999}. End what listens there.`
  )
}

/**
 * Any free port from a range that neither the fixed ports nor the system's outgoing connections
 * (32768 and up) use.
 */
export async function anyFree(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new StackError('PORT_BUSY', 'No free port found between 20000 and 32000 in 200 attempts.')
}

/**
 * Who listens on a port of this machine: that process, another one, nobody yet; or the system does
 * not tell.
 */
export type Holder = 'ours' | 'other' | 'nobody' | 'unknown'

/** Whether the process listens on all ports; also true where the system does not tell. */
export const holdsAll = (pid: number, ports: readonly number[]): boolean =>
  ports.every(port => ['ours', 'unknown'].includes(holderOf(pid, port)))

export function holderOf(pid: number, port: number): Holder {
  if (process.platform !== 'linux' || endianness() !== 'LE') return 'unknown'
  try {
    const listeners = listenersOn(port)
    if (listeners.length === 0) return 'nobody'
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some(file => listeners.includes(target(`${folder}/${file}`)))
      ? 'ours'
      : 'other'
  } catch {
    // it has just ended, or is of another user
    return 'unknown'
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** 127.0.0.1 and any address, as the kernel writes them: words of four bytes, each backwards. */
const local = ['0100007F', '00000000', '0000000000000000FFFF00000100007F', '0'.repeat(32)]
const listening = '0A'

/**
 * The sockets that listen there, as links of /proc name them. A line: number, local address, other
 * address, state, …, inode (field 10).
 */
function listenersOn(port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = ['tcp', 'tcp6'].flatMap(table =>
    readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)
  )
  return lines.flatMap(line => {
    const [, address = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const [host = '', hexPort] = address.split(':')
    return state === listening && hexPort === wanted && local.includes(host)
      ? [`socket:[${inode}]`]
      : []
  })
}
