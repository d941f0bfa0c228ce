/** Finding ports that nobody listens on. */
import { createServer } from 'node:net'
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
  throw new StackError('PORT_BUSY', `No free port between ${wanted} and ${wanted + 999}. End what listens there.`)
}

/** Any free port from a range that neither the fixed ports nor the system's outgoing connections (32768 and up) use. */
export async function anyFree(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new StackError('PORT_BUSY', 'No free port found between 20000 and 32000 in 200 attempts.')
}
