import {
  type Options,
  OptionsError,
  TLS_UNUSABLE,
  type TlsOptions
} from '@millrace/node-red-telemetry'
import { AmqpServer } from '../../core/server.ts'
import { type AmqpSettings, isSecure, shownUrl } from '../../core/settings.ts'
import { spec } from './spec.ts'

export type ServerOptions = Options<typeof spec>

/** @throws OptionsError where the address or what depends on it is wrong */
export function settingsOf(options: ServerOptions, tls: TlsOptions | undefined): AmqpSettings {
  const problems = problemsOf(options, tls)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const { server, login, username, password, containerId, hostname, idleS } = options
  return {
    kind: server,
    url: new URL(options.url),
    login,
    username,
    password,
    tls: tls ?? {},
    containerId: containerId || 'millrace',
    hostname,
    idleTimeoutMs: idleS * 1000
  }
}

export const serverOf = (options: ServerOptions, tls: TlsOptions | undefined): AmqpServer =>
  new AmqpServer(settingsOf(options, tls))

function problemsOf(options: ServerOptions, tls: TlsOptions | undefined): string[] {
  const { fields } = spec
  const say = (field: keyof typeof fields, what: string) => `${fields[field].label}: ${what}`
  if (!URL.canParse(options.url)) return [say('url', 'is no URL such as amqps://host:5671')]
  const url = new URL(options.url)
  const problems: string[] = []
  if (url.username !== '' || url.password !== '')
    problems.push(say('url', 'must have no user and password; they have fields of their own'))
  if (options.tls !== '' && tls === undefined) problems.push(say('tls', TLS_UNUSABLE))
  else if (options.tls !== '' && !isSecure(url))
    problems.push(say('tls', `only counts with amqps://, but the address is ${shownUrl(url)}`))
  if (options.login === 'certificate' && !(isSecure(url) && tls?.cert !== undefined))
    problems.push(say('login', 'needs amqps:// and a TLS configuration with a client certificate'))
  if (options.server === 'service-bus' && !isSecure(url))
    problems.push(say('url', 'Azure Service Bus needs amqps://'))
  return problems
}
