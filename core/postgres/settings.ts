import type { TlsOptions } from '../tls.ts'
import type { DatabasePlace } from './connect-errors.ts'

export { postgresUrlProblems as urlProblems } from '../address.ts'

/** All that connections to one database need. */
export interface DatabaseSettings extends DatabasePlace {
  readonly password: string
  /** Undefined: without TLS. */
  readonly tls?: TlsOptions | undefined
  readonly maxConnections: number
  /** The server ends a statement that takes longer. */
  readonly statementTimeoutMs: number
  readonly connectTimeoutMs: number
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
}

/**
 * Place, password and TLS in a URL that has no problems. Unlike libpq, `prefer`, `allow` or no
 * sslmode never try TLS, and `verify-ca` checks the name of the host as `verify-full` does.
 */
export function fromUrl(text: string): DatabasePlace & { password: string; tls?: TlsOptions } {
  const url = new URL(text)
  const user = decodeURIComponent(url.username) || 'postgres'
  const mode = url.searchParams.get('sslmode')
  return {
    // brackets around an IPv6 address belong to the URL only
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || 5432,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    user,
    password: decodeURIComponent(url.password),
    ...(mode === 'require' ? { tls: { rejectUnauthorized: false } } : {}),
    ...(mode === 'verify-ca' || mode === 'verify-full' ? { tls: { rejectUnauthorized: true } } : {})
  }
}
