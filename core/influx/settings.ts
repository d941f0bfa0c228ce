import type { TlsOptions } from '../tls.ts'
import { type Product, type ProductName, productOf } from './products.ts'

export type Api = 'v1' | 'v2'

/** How to reach a server of line protocol. */
export interface InfluxSettings {
  readonly service: ProductName
  /** Which of the two ways to write it is asked in. */
  readonly api: Api
  /** Without a slash at its end. */
  readonly url: string
  /** Of InfluxDB 2. */
  readonly org: string
  readonly user: string
  readonly password: string
  /** Goes before user and password. */
  readonly token: string
  readonly tls: TlsOptions | undefined
  readonly timeoutMs: number
}

/** What times of lines are counted in. */
export type Precision = 'ns' | 'us' | 'ms' | 's'

/** Where lines are written. */
export interface Target {
  /** A database, or what InfluxDB 2 calls a bucket. */
  readonly database: string
  /** Of InfluxDB 1; empty for the one that the database has. */
  readonly retention: string
  readonly precision: Precision
}

/** A server that nodes write to. */
export interface InfluxServer {
  readonly settings: InfluxSettings
  readonly product: Product
}

export const serverOf = (settings: InfluxSettings): InfluxServer => ({
  settings,
  product: productOf(settings.service)
})

/** As version 1 of the API calls them. */
const OF_V1: Readonly<Record<Precision, string>> = { ns: 'n', us: 'u', ms: 'ms', s: 's' }

/** Path and query that lines are posted to. */
export function writePath({ api, org }: InfluxSettings, target: Target): string {
  const { database, retention, precision } = target
  const query = new URLSearchParams()
  if (api === 'v1') {
    if (database !== '') query.set('db', database)
    if (retention !== '') query.set('rp', retention)
    query.set('precision', OF_V1[precision])
    return `/write?${query}`
  }
  if (org !== '') query.set('org', org)
  query.set('bucket', database)
  query.set('precision', precision)
  return `/api/v2/write?${query}`
}

/** The header that says who writes; undefined for nobody. */
export function loginOf({ service, token, user, password }: InfluxSettings): string | undefined {
  if (token !== '') return `${productOf(service).token} ${token}`
  if (user === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
