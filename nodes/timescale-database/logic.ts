import { hostsIn } from '../../core/address.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { loginFromEnvironment, loginFromFiles, type ReadLogin } from '../../core/postgres/login.ts'
import {
  type DatabaseSettings,
  fromUrl,
  type UrlSettings,
  urlProblems
} from '../../core/postgres/settings.ts'
import { TLS_UNUSABLE, type TlsOptions } from '../../core/tls.ts'
import { spec } from './spec.ts'

export type DatabaseNodeOptions = Options<typeof spec>

const CONNECT_TIMEOUT_MS = 10_000

/**
 * What connections need, from the options. `tls` is what the chosen TLS configuration gives.
 * @throws OptionsError where the URL is wrong or the TLS configuration is missing
 */
export function settingsOf(
  options: DatabaseNodeOptions,
  tls: TlsOptions | undefined,
  applicationName = 'millrace'
): DatabaseSettings {
  const problems =
    options.connection === 'url'
      ? urlProblems(options.url).map(problem => `${spec.fields.url.label}: ${problem}`)
      : []
  if (options.tls !== '' && tls === undefined)
    problems.push(`${spec.fields.tls.label}: ${TLS_UNUSABLE}`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const given = options.connection === 'url' ? fromUrl(options.url) : fromFields(options)
  return {
    host: given.host,
    port: given.port,
    hosts: given.hosts,
    target: given.target ?? options.target,
    database: given.database,
    user: given.user,
    password: options.passwordFrom === 'field' ? options.password || given.password : '',
    login: loginOf(options),
    tls: tls ?? given.tls,
    maxConnections: options.maxConnections,
    statementTimeoutMs: options.statementTimeoutS * 1000,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    applicationName
  }
}

function fromFields({ host, port, database, user, password }: DatabaseNodeOptions): UrlSettings {
  const hosts = hostsIn(host, port)
  return { ...hosts[0]!, ...(hosts.length > 1 && { hosts }), database, user, password }
}

function loginOf(options: DatabaseNodeOptions): ReadLogin | undefined {
  const { passwordFrom, passwordFile, userFile, passwordVariable, userVariable } = options
  if (passwordFrom === 'file') return loginFromFiles({ password: passwordFile, user: userFile })
  return passwordFrom === 'variable'
    ? loginFromEnvironment({ password: passwordVariable, user: userVariable })
    : undefined
}
