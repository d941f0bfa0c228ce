import { type HostAndPort, postgresHosts } from '../address.ts'
import type { TlsOptions } from '../tls.ts'
import type { DatabasePlace } from './connect-errors.ts'
import type { SessionTarget } from './hosts.ts'
import type { ReadLogin } from './login.ts'

export { postgresUrlProblems as urlProblems } from '../address.ts'

/** All that connections to one database need. */
export interface DatabaseSettings extends DatabasePlace {
  /** Where there are several: `host` and `port` are those of the first. */
  readonly hosts?: readonly HostAndPort[] | undefined
  /** Which of several hosts is taken; one that can be written where absent. */
  readonly target?: SessionTarget | undefined
  readonly password: string
  /** Asked at each new connection, in place of user and password. */
  readonly login?: ReadLogin | undefined
  /** Undefined: without TLS. */
  readonly tls?: TlsOptions | undefined
  readonly maxConnections: number
  /** The server ends a statement that takes longer. */
  readonly statementTimeoutMs: number
  readonly connectTimeoutMs: number
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
}

export type UrlSettings = DatabasePlace & {
  readonly password: string
  readonly tls?: TlsOptions
  readonly hosts?: readonly HostAndPort[]
  readonly target?: SessionTarget
}

/**
 * Place, password and TLS in a URL that has no problems. Unlike libpq, `prefer`, `allow` or no
 * sslmode never try TLS, and `verify-ca` checks the name of the host as `verify-full` does.
 */
export function fromUrl(text: string): UrlSettings {
  const { url, hosts } = postgresHosts(text)
  const user = decodeURIComponent(url.username) || 'postgres'
  const mode = url.searchParams.get('sslmode')
  const target = url.searchParams.get('target_session_attrs')
  return {
    ...hosts[0]!,
    ...(hosts.length > 1 && { hosts }),
    ...(target !== null && { target: target as SessionTarget }),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    user,
    password: decodeURIComponent(url.password),
    ...(mode === 'require' ? { tls: { rejectUnauthorized: false } } : {}),
    ...(mode === 'verify-ca' || mode === 'verify-full' ? { tls: { rejectUnauthorized: true } } : {})
  }
}
