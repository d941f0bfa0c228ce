/**
 * A TimescaleDB in one Node process for any number of clients: server.ts FOLDER PORT
 * [JOB-INTERVAL-MS]
 *
 * What one session cannot give is missing: no two statements at the same time, no cancelling, no
 * LISTEN; temporary tables and session advisory locks are seen by all clients alike.
 */
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { accounts } from '../services.ts'
import { takeLock } from '../state.ts'
import { Client } from './client.ts'
import { removeLeftovers } from './copy.ts'
import { Database } from './database.ts'
import { runJobs } from './jobs.ts'

/**
 * A client that keeps a transaction open and does nothing in it may hold up the others for so long.
 */
const maxIdleInTransactionMs = 60_000

const [, , folder = '', port = '', jobIntervalMs = '5000'] = process.argv
const { user, database: name } = accounts.timescale
const data = join(folder, 'data')
const log = (line: string) => console.log(`${new Date().toISOString()} ${line}`)

mkdirSync(folder, { recursive: true })
const unlock = await takeLock(join(folder, 'lock'), 2_000)
const database = await Database.open(data, name)
removeLeftovers(data)
const clients = new Set<Client>()
let clientCount = 0
let stopping = false

const parameters = {
  server_version: '17.5',
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'GMT',
  integer_datetimes: 'on',
  standard_conforming_strings: 'on',
  is_superuser: 'on',
  session_authorization: user
}

const server = createServer({ pauseOnConnect: true, noDelay: true }, async socket => {
  // a reset connection is an ended one
  socket.on('error', () => socket.destroy())
  const client = new Client(++clientCount, socket, database)
  clients.add(client)
  try {
    await client.serve({ user, database: name, parameters })
  } catch (error) {
    log(`client ${client.id}: ${(error as Error).stack}`)
  }
  clients.delete(client)
  if (stopping) return
  await client.leave(clients.size === 0)
})

const idleTimer = setInterval(() => {
  const { current, waitingCount } = database.turns
  if (!(current instanceof Client) || waitingCount === 0 || current.idleSince === undefined) return
  if (performance.now() - current.idleSince < maxIdleInTransactionMs) return
  current.terminate(
    '25P03',
    'terminating connection due to idle-in-transaction timeout: other clients wait for the one session'
  )
}, 1_000)

const jobs = {}
const stopJobs = runJobs(
  {
    query: sql => database.query(jobs, sql),
    execute: sql => database.execute(jobs, sql),
    file: join(folder, 'jobs.json'),
    log
  },
  Number(jobIntervalMs)
)

async function stop(): Promise<void> {
  stopping = true
  clearInterval(idleTimer)
  stopJobs()
  server.close()
  for (const client of clients)
    client.terminate('57P01', 'terminating connection due to administrator command')
  await database.close()
  unlock()
  process.exit(0)
}

process.once('SIGTERM', stop)
process.once('SIGINT', stop)
server.listen(Number(port), '127.0.0.1', () => log(`ready on port ${port}`))
