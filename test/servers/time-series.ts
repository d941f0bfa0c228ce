/** Servers of line protocol, which the test files of the influx sink start for themselves. */
import type { ProductName } from '../../core/influx/products.ts'
import { INFLUXDB, influxDbCommand, program as influxProgram } from '../../stack/influx/influxdb.ts'
import { QUESTDB, questDbCommand } from '../../stack/influx/questdb.ts'
import {
  isBuilt,
  VICTORIAMETRICS,
  victoriaMetricsCommand
} from '../../stack/influx/victoriametrics.ts'
import type { Command } from '../../stack/process.ts'
import { OwnServer, type Place } from './own-server.ts'

/** A stored point: tags and fields by their names, the time in nanoseconds where it is finer. */
export type Point = Readonly<Record<string, unknown>>

export interface TimeSeriesServer {
  readonly name: string
  readonly service: ProductName
  /** What it has answered survives kill -9. */
  readonly keepsWhatItAcknowledged: boolean
  /** The address that it had when it was started. */
  start(): Promise<string>
  kill(): Promise<void>
  restart(): Promise<void>
  end(): Promise<void>
  /** All points of a measurement, in the order of their times. */
  points(measurement: string): Promise<Point[]>
  /** Runs a statement, and gives its answer. */
  run(statement: string): Promise<unknown>
}

const command =
  (make: (place: { folder: string; port: number; otherPort: number }) => Promise<Command>) =>
  ({ folder, port, tlsPort }: Place) =>
    make({ folder, port, otherPort: tlsPort })

const pings = ({ port }: Place) =>
  fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false
  )

/** Other protocols give their address as one of MQTT. */
const httpOf = (url: string) => url.replace(/^mqtt:/, 'http:')

function server(
  of: Pick<TimeSeriesServer, 'name' | 'service' | 'keepsWhatItAcknowledged'>,
  own: OwnServer,
  ask: (url: string) => Pick<TimeSeriesServer, 'points' | 'run'>
): TimeSeriesServer {
  let url = ''
  return {
    ...of,
    start: async () => {
      url = httpOf((await own.start()).url)
      return url
    },
    kill: () => own.kill(),
    restart: () => own.restart(),
    end: () => own.end(),
    points: measurement => ask(url).points(measurement),
    run: statement => ask(url).run(statement)
  }
}

async function jsonOf(
  url: string,
  query: Record<string, string>,
  method = 'GET'
): Promise<unknown> {
  const response = await fetch(`${url}?${new URLSearchParams(query)}`, { method })
  return response.json()
}

interface InfluxAnswer {
  readonly results: { series?: { columns: string[]; values: unknown[][] }[] }[]
}

export const DATABASE = 'readings'

export const influxDb = (withLogin = false): TimeSeriesServer =>
  server(
    { name: INFLUXDB, service: 'influx1', keepsWhatItAcknowledged: true },
    new OwnServer(
      `influxdb${withLogin ? '-login' : ''}`,
      command(place => influxDbCommand(place, withLogin)),
      pings
    ),
    url => ({
      run: q => jsonOf(`${url}/query`, { q, db: DATABASE, epoch: 'ns' }, 'POST'),
      async points(measurement) {
        const q = `SELECT * FROM "${measurement}"`
        const answer = (await jsonOf(`${url}/query`, { q, db: DATABASE })) as InfluxAnswer
        const { columns = [], values = [] } = answer.results[0]?.series?.[0] ?? {}
        return values.map(row => Object.fromEntries(columns.map((name, at) => [name, row[at]])))
      }
    })
  )

interface QuestAnswer {
  readonly columns?: { name: string }[]
  readonly dataset?: unknown[][]
}

export const questDb = (): TimeSeriesServer =>
  server(
    { name: QUESTDB, service: 'questdb', keepsWhatItAcknowledged: true },
    new OwnServer('questdb', command(questDbCommand), pings),
    url => ({
      run: query => jsonOf(`${url}/exec`, { query }),
      async points(measurement) {
        const query = `SELECT * FROM "${measurement}" ORDER BY timestamp`
        const { columns = [], dataset = [] } = (await jsonOf(`${url}/exec`, {
          query
        })) as QuestAnswer
        return dataset.map(row =>
          Object.fromEntries(columns.map(({ name }, at) => [name, row[at]]))
        )
      }
    })
  )

export const victoriaMetrics = (): TimeSeriesServer =>
  server(
    { name: VICTORIAMETRICS, service: 'victoriametrics', keepsWhatItAcknowledged: false },
    new OwnServer('victoriametrics', command(victoriaMetricsCommand), pings),
    url => ({
      run: path => fetch(`${url}${path}`).then(response => response.text()),
      async points(measurement) {
        await fetch(`${url}/internal/force_flush`)
        const query = new URLSearchParams({
          'match[]': `{__name__=~"${measurement}_.*"}`,
          reduce_mem_usage: '0'
        })
        const text = await (await fetch(`${url}/api/v1/export?${query}`)).text()
        return text
          .split('\n')
          .filter(Boolean)
          .flatMap(line => {
            const { metric, values, timestamps } = JSON.parse(line) as {
              metric: Record<string, string>
              values: number[]
              timestamps: number[]
            }
            const { __name__: name = '', db: _db, ...labels } = metric
            const field = name.slice(measurement.length + 1)
            return values.map((value, at) => ({ ...labels, [field]: value, time: timestamps[at] }))
          })
          .sort((a, b) => Number(a.time) - Number(b.time))
      }
    })
  )

/** Those that this machine can have; of the others `npm test` says that they were not run. */
export async function timeSeriesServers(
  services: readonly ProductName[] = ['influx1', 'questdb', 'victoriametrics']
): Promise<{
  servers: TimeSeriesServer[]
  urls: Map<TimeSeriesServer, string>
}> {
  const servers: TimeSeriesServer[] = []
  const urls = new Map<TimeSeriesServer, string>()
  const wanted = [influxDb(), questDb()]
  if (isBuilt() || process.env.MILLRACE_CRASH === 'long') wanted.push(victoriaMetrics())
  else if (services.includes('victoriametrics'))
    notRun(
      VICTORIAMETRICS,
      'it is not built yet; npm run test:crash -- influx builds it, in minutes'
    )
  for (const each of wanted.filter(({ service }) => services.includes(service))) {
    try {
      urls.set(each, await each.start())
      servers.push(each)
    } catch (error) {
      notRun(each.name, (error as Error).message.split('\n')[0]!)
    }
  }
  return { servers, urls }
}

/** Told at the end of npm test once more, and counted as nothing. */
export const notRun = (name: string, why: string) =>
  console.log(`⚠ not run: the influx sink on ${name}: ${why}`)

/** Not started yet; undefined where this machine cannot have it. */
export async function influxDbHere(): Promise<TimeSeriesServer | undefined> {
  try {
    await influxProgram()
    return influxDb()
  } catch (error) {
    notRun(INFLUXDB, (error as Error).message.split('\n')[0]!)
    return undefined
  }
}
