import type { ServerAnswer } from '../http-client.ts'
import { saysOf } from './answer.ts'
import type { InfluxClient } from './client.ts'
import { productOf } from './products.ts'
import { troubleSentence } from './trouble.ts'

/** What answers there, in one sentence. @throws Error that says in words why nothing does */
export async function describeServer(client: InfluxClient): Promise<string> {
  const { service, url } = client.settings
  const { name } = productOf(service)
  const { version, status } = await inWords(client, '/ping')
  if (status >= 300)
    throw new Error(
      `At ${url} something answers "${status}" where ${name} would say that it is there.`
    )
  const names = await databaseNames(client)
  const says = version === undefined || version === '' ? '' : `, which names version ${version}`
  const what = names.length === 0 ? '' : `, ${COUNTED[service](names.length)}`
  return `${name} answers at ${url}${says}${what}.`
}

const counted = (one: string, many: string) => (count: number) =>
  count === 1 ? `1 ${one}` : `${count} ${many}`
const databases = counted('database', 'databases')
const buckets = counted('bucket', 'buckets')
const COUNTED = {
  influx1: databases,
  influx2: buckets,
  influx3: databases,
  timestream: buckets,
  questdb: counted('table', 'tables'),
  victoriametrics: counted('metric', 'metrics')
} as const

/** The databases or buckets that lines can be written to; of QuestDB its tables. */
export function databaseNames(client: InfluxClient): Promise<string[]> {
  switch (client.settings.service) {
    case 'influx1':
      return influxQl(client, 'SHOW DATABASES')
    case 'influx2':
    case 'timestream':
      return buckets2(client)
    case 'influx3':
      return databases3(client)
    default:
      return measurementNames(client, '')
  }
}

/** The measurements that are there; of QuestDB its tables, of VictoriaMetrics its metrics. */
export async function measurementNames(client: InfluxClient, database: string): Promise<string[]> {
  const { service } = client.settings
  if (service === 'questdb') return questNames(client)
  if (service === 'victoriametrics') {
    const { data } = jsonOf<{ data?: unknown[] }>(
      await inWords(client, '/api/v1/label/__name__/values')
    )
    return (data ?? []).map(String)
  }
  return influxQl(client, 'SHOW MEASUREMENTS', database)
}

interface InfluxQl {
  readonly results?: readonly {
    readonly error?: string
    readonly series?: readonly { readonly values?: readonly (readonly unknown[])[] }[]
  }[]
}

async function influxQl(client: InfluxClient, q: string, database = ''): Promise<string[]> {
  const query = new URLSearchParams({ q, ...(database === '' ? {} : { db: database }) })
  const { results = [] } = jsonOf<InfluxQl>(await inWords(client, `/query?${query}`))
  const error = results.find(result => result.error !== undefined)?.error
  if (error !== undefined) throw new Error(error)
  return results.flatMap(({ series = [] }) =>
    series.flatMap(({ values = [] }) => values.map(row => String(row[0])))
  )
}

async function buckets2(client: InfluxClient): Promise<string[]> {
  const { org } = client.settings
  const query = new URLSearchParams({ limit: '100', ...(org === '' ? {} : { org }) })
  const { buckets: found = [] } = jsonOf<{ buckets?: { name: string }[] }>(
    await inWords(client, `/api/v2/buckets?${query}`)
  )
  return found.map(({ name }) => name).filter(name => !name.startsWith('_'))
}

async function databases3(client: InfluxClient): Promise<string[]> {
  const answer = await inWords(client, '/api/v3/configure/database?format=json')
  return jsonOf<Record<string, unknown>[]>(answer).map(row => String(Object.values(row)[0]))
}

async function questNames(client: InfluxClient): Promise<string[]> {
  const query = new URLSearchParams({ query: 'SELECT table_name FROM tables() ORDER BY 1' })
  const { dataset = [] } = jsonOf<{ dataset?: unknown[][] }>(
    await inWords(client, `/exec?${query}`)
  )
  return dataset.map(([name]) => String(name))
}

function jsonOf<T>({ body }: ServerAnswer): T {
  try {
    return JSON.parse(body) as T
  } catch {
    throw new Error('The server answers, but not as this kind of server does.')
  }
}

/** @throws Error that a person can act on, where no answer comes or one that refuses */
async function inWords(client: InfluxClient, path: string): Promise<ServerAnswer> {
  let answer: ServerAnswer
  try {
    answer = await client.ask(path)
  } catch (error) {
    throw new Error(troubleSentence(error, client.settings), { cause: error })
  }
  if (answer.status < 400) return answer
  const { name } = productOf(client.settings.service)
  throw new Error(`${name} at ${client.settings.url} answers ${answer.status}: ${saysOf(answer)}`)
}
