import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isSameSecret } from '../../core/upload/same-secret.ts'
import { COLUMNS } from './schema.ts'
import type { RegistryStore } from './store.ts'

/** Who answers at a path, and to whom. */
export interface DeviceReader {
  /** Without `/` at its ends. */
  readonly path: string
  readonly token: string
  readonly store: RegistryStore
  /** Ready for SQL; undefined: none are kept. */
  readonly lastValues: string | undefined
}

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** What Node-RED offers its nodes to answer requests with. */
export interface DeviceServer {
  /** An application of express. */
  readonly httpNode: { use(handler: Handler): void }
}

const READERS = Symbol.for('millrace.device-readers')

/**
 * The nodes that answer, by their ids. The application has one handler for all of them and for
 * ever, since it has no way to take one away again.
 */
export function httpAnswersOf(RED: DeviceServer): Map<string, DeviceReader> {
  const app = RED.httpNode as DeviceServer['httpNode'] & { [READERS]?: Map<string, DeviceReader> }
  if (app[READERS] !== undefined) return app[READERS]
  const readers = new Map<string, DeviceReader>()
  app[READERS] = readers
  app.use((request, response, next) => {
    const asked = askedOf(request.url ?? '/', readers.values())
    if (asked === undefined) next()
    else void respond(asked, request, response)
  })
  return readers
}

interface Asked {
  readonly reader: DeviceReader
  /** The name of a device; undefined: the list. */
  readonly id: string | undefined
  readonly query: URLSearchParams
}

function askedOf(url: string, readers: Iterable<DeviceReader>): Asked | undefined {
  const [path = '', ...rest] = url.split('?')
  const query = new URLSearchParams(rest.join('?'))
  for (const reader of readers) {
    const root = `/${reader.path}`
    if (path === root || path === `${root}/`) return { reader, id: undefined, query }
    if (path.startsWith(`${root}/`)) {
      // The name of a device may have slashes, as those of Sparkplug have.
      const id = decoded(path.slice(root.length + 1))
      if (id !== undefined) return { reader, id, query }
    }
  }
  return undefined
}

/** RFC 6750. */
const bearerOf = ({ authorization }: IncomingHttpHeaders): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

async function respond(
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const say = (status: number, body: object, headers: Record<string, string> = {}) => {
    if (response.headersSent || response.destroyed) return
    response.writeHead(status, { ...HEADERS, ...headers })
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body))
  }
  if (!isSameSecret(bearerOf(request.headers), asked.reader.token)) {
    say(401, { error: 'This needs the token.' }, { 'WWW-Authenticate': 'Bearer realm="devices"' })
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    say(405, { error: 'Devices can be read here, not written.' }, { Allow: 'GET, HEAD' })
    return
  }
  if (answering >= MOST_AT_ONCE) {
    say(429, { error: 'Others are being answered.' }, { 'Retry-After': '1' })
    return
  }
  answering++
  try {
    const { id, reader } = asked
    const found = id === undefined ? await pageOf(asked) : await deviceOf(reader, id)
    if (found === undefined) say(404, { error: 'There is no such device.' })
    else say(200, found)
  } catch {
    say(503, { error: 'The database does not answer at the moment.' }, { 'Retry-After': '5' })
  } finally {
    answering--
  }
}

/** Connections are there for those who write, too. */
const MOST_AT_ONCE = 2
let answering = 0

const HEADERS = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }
const MOST_DEVICES = 1_000
const MOST_VALUES = 2_000
/** Of how the list is kept, and of no use to who reads it. */
const OWN = `'{keys,${COLUMNS.flatMap(([name]) => (name.startsWith('millrace_') ? [name] : [])).join(',')}}'::text[]`
const UNDEFINED_TABLE = '42P01'

/** Devices behind `after` by name; `next` is what to ask with for more. */
async function pageOf({ reader, query }: Asked): Promise<object> {
  const { database, tables } = reader.store
  const limit = Math.min(Math.max(Number(query.get('limit')) || 100, 1), MOST_DEVICES)
  const { rows } = await database.query<{ device: { device_id: string } }>(
    `SELECT to_jsonb(d) - ${OWN} AS device FROM ${tables.devices} d
     WHERE device_id > $1 ORDER BY device_id LIMIT $2`,
    [(query.get('after') ?? '').replaceAll('\0', ''), Math.floor(limit)]
  )
  const devices = rows.map(({ device }) => device)
  const next = devices.length < limit ? {} : { next: devices.at(-1)!.device_id }
  return { devices, ...next }
}

async function deviceOf(
  { store: { database, tables }, lastValues }: DeviceReader,
  id: string
): Promise<object | undefined> {
  if (id.includes('\0')) return undefined
  const { rows } = await database.query<{ device: object }>(
    `SELECT to_jsonb(d) - ${OWN} AS device FROM ${tables.devices} d WHERE device_id = $1`,
    [id]
  )
  const values = lastValues === undefined ? {} : await valuesOf(database, lastValues, id)
  const isKnown = rows[0] !== undefined || Object.keys(values).length > 0
  return isKnown ? { device_id: id, ...rows[0]?.device, values } : undefined
}

async function valuesOf(
  database: RegistryStore['database'],
  table: string,
  id: string
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { rows } = await database.query<{ metric: string; value: object }>(
      `SELECT metric, to_jsonb(v) - 'device_id' - 'metric' AS value FROM ${table} v
       WHERE device_id = $1 ORDER BY metric LIMIT ${MOST_VALUES}`,
      [id]
    )
    return Object.fromEntries(rows.map(({ metric, value }) => [metric, value]))
  } catch (error) {
    // No sink has made it yet.
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return {}
    throw error
  }
}
