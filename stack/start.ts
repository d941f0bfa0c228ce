/** npm start: services, topics, table and Node-RED with the pipeline, until Ctrl-C. */
import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { StackError } from './errors.ts'
import { endedServices, leaveServices, resetServices, startServices } from './lifecycle.ts'
import { ensureFlowFile, pipeline } from './node-red/flows.ts'
import {
  endOfLog,
  type NodeRed,
  startNodeRed,
  stopNodeRed,
  userDirOf
} from './node-red/node-red.ts'
import { progressLine, readTotals, type Totals } from './node-red/totals.ts'
import { isAlive } from './process.ts'
import {
  catalogue,
  defaultHome,
  givenService,
  type ServiceName,
  type Services
} from './services.ts'
import { takeLock } from './state.ts'
import { strangersOnFixedPorts } from './strangers.ts'
import { countRows, ensureTable } from './table.ts'
import { ensureTopics } from './topics.ts'

const names = ['mqtt', 'kafka', 'timescale'] as const satisfies readonly ServiceName[]
const reportEveryMs = 5_000
/** Both together stay below the 20 s that a person waits for Ctrl-C. */
const stopNodeRedMs = 10_000
const stopServicesMs = 8_000

const usage = `npm start -- [options]
  --fresh          removes the data of earlier starts first
  --no-simulator   without the simulated fleet (takes effect where the flows are new)
  --free-ports     any free ports instead of the fixed ones
  --help           this text

Starts ${names.map(name => catalogue[name].product).join(', ')} and Node-RED with the
pipeline, until Ctrl-C. A service of your own is used where its variable names one: ${names.map(name => catalogue[name].variable).join(', ')}.
npm run stack -- --help   starts and stops single services`

const home = defaultHome()
const say = (line: string) => console.log(line)
const indented = (line: string) => say(`  ${line}`)

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stopping.abort())

const known = ['--fresh', '--no-simulator', '--free-ports']
const help = ['--help', '-h', 'help']

function optionsFrom(words: string[]) {
  const unknown = words.find(word => !known.includes(word))
  if (unknown) throw new StackError('UNKNOWN_OPTION', `There is no option ${unknown}.\n${usage}`)
  const has = (option: string) => words.includes(option)
  return {
    fresh: has('--fresh'),
    withSimulator: !has('--no-simulator'),
    freePorts: has('--free-ports')
  }
}

type Options = ReturnType<typeof optionsFrom>

async function removeData(): Promise<void> {
  say(`removing the data in ${relative('', home) || home}`)
  await resetServices(home)
  rmSync(userDirOf(home), { recursive: true, force: true })
  const given = names.filter(name => givenService(name)).map(name => catalogue[name].variable)
  if (given.length > 0) say(`what ${given.join(', ')} name is yours, and stays as it is`)
}

async function prepare({
  withSimulator,
  freePorts
}: Options): Promise<Services<(typeof names)[number]>> {
  say(
    `starting ${names.map(name => (givenService(name) ? `your ${name}` : catalogue[name].product)).join(', ')}`
  )
  const services = await startServices(names, {
    home,
    freePorts,
    shared: true,
    onProgress: indented,
    signal: stopping.signal
  })
  const made = await ensureTopics(services.kafka.brokers)
  if (made.length > 0) indented(`topics: ${made.join(', ')}`)
  const kind = await ensureTable(services.timescale.url)
  if (kind === 'table')
    indented(
      'TimescaleDB is not in this database: the table stays a plain one, without chunks, compression and retention'
    )
  indented(
    `rows in the table: ${(await countRows(services.timescale.url)).toLocaleString('en-US')}`
  )
  ensureFlowFile(join(userDirOf(home), 'flows.json'), pipeline({ withSimulator }))
  return services
}

function printAddresses(url: string, strangers: string[]): void {
  say('')
  say(`Editor    ${url}`)
  say(`Metrics   ${url}/millrace/metrics/prometheus`)
  say(`Data      ${relative('', home) || home}  (kept; "npm start -- --fresh" begins anew)`)
  say('Stop      Ctrl-C')
  for (const line of strangers) say(`Note      ${line}`)
  say('')
}

/**
 * Says once of each service that has ended how it is started again: the flows wait for it
 * meanwhile.
 */
function tellEnded(told: Set<ServiceName>): void {
  const ended = endedServices(home)
  for (const { name, reason } of ended)
    if (!told.has(name)) say(`${reason}\nStart it again with: npm run stack -- start ${name}`)
  told.clear()
  for (const { name } of ended) told.add(name)
}

/** One line every few seconds, until Ctrl-C or until Node-RED ends by itself. */
async function report(nodeRed: NodeRed): Promise<void> {
  let before: Totals = { in: 0, stored: 0, rejected: 0, lag: undefined }
  let beforeMs = performance.now()
  const told = new Set<ServiceName>()
  while (await pause(reportEveryMs)) {
    if (!isAlive(nodeRed.process))
      throw new StackError('START_FAILED', `Node-RED has ended. ${endOfLog(nodeRed.log)}`)
    tellEnded(told)
    const totals = await readTotals(nodeRed.url)
    if (!totals) continue
    const nowMs = performance.now()
    const time = new Date().toLocaleTimeString('en-GB')
    say(`${time}  ${progressLine(totals, before, (nowMs - beforeMs) / 1000)}`)
    before = totals
    beforeMs = nowMs
  }
}

/** Waits; false when Ctrl-C ended it. */
function pause(ms: number): Promise<boolean> {
  return wait(ms, true, { signal: stopping.signal }).catch(() => false)
}

async function run(options: Options): Promise<void> {
  let nodeRed: NodeRed | undefined
  try {
    const services = await prepare(options)
    if (stopping.signal.aborted) return
    const environment = {
      MQTT_URL: services.mqtt.url,
      KAFKA_BROKERS: services.kafka.brokers,
      TIMESCALE_URL: services.timescale.url
    }
    nodeRed = await startNodeRed({
      home,
      environment,
      onProgress: indented,
      signal: stopping.signal
    })
    if (stopping.signal.aborted) return
    const [ended] = endedServices(home)
    if (ended) throw new StackError('START_FAILED', ended.reason)
    printAddresses(nodeRed.url, await strangersOnFixedPorts(services))
    await report(nodeRed)
  } finally {
    say('stopping')
    if (nodeRed) await stopNodeRed(home, nodeRed, stopNodeRedMs)
    await leaveServices(home, stopServicesMs)
    say('stopped')
  }
}

async function main(words: string[]): Promise<void> {
  if (words.some(word => help.includes(word))) return say(usage)
  const options = optionsFrom(words)
  const unlock = await takeLock(join(home, 'start.lock'), 0)
  try {
    if (options.fresh) await removeData()
    await run(options)
  } finally {
    unlock()
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  // what Ctrl-C cuts short fails, and that is no news
  if (!stopping.signal.aborted) {
    console.error(error instanceof StackError ? error.message : error)
    process.exitCode = 1
  }
}
