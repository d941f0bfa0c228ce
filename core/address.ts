/**
 * Addresses as people write them, checked in the dialog and at deploy. Not by `new URL` alone:
 * browsers before 2024 find no host in a URL whose scheme they do not know.
 */

/**
 * What is wrong with a URL of one of these schemes (`mqtt:`), in words; `example` is what it should
 * look like.
 */
export function urlProblems(text: string, schemes: readonly string[], example: string): string[] {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:)\/\/(.*)$/is.exec(text) ?? []
  const begins = `must begin with ${schemes.map(name => `${name}//`).join(' or ')}`
  if (scheme === undefined || rest === undefined)
    return [`"${shown(text)}" is no URL: it ${begins}, as in ${example}`]
  if (!schemes.includes(scheme.toLowerCase())) return [`${begins}, not ${scheme}//`]
  if (/^([/?#:]|$)/.test(rest)) return ['names no host']
  return URL.canParse(`http://${rest}`) && URL.canParse(text)
    ? []
    : [`"${shown(text)}" is not a URL such as ${example}`]
}

/**
 * A password in a URL is nobody's business; the rest of a long text says no more than its
 * beginning.
 */
const shown = (text: string) => text.replace(/\/\/[^/@]*@/, '//').slice(0, 100)

const MQTT_SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:']

export const mqttUrlProblems = (text: string): string[] =>
  urlProblems(text, MQTT_SCHEMES, 'mqtt://broker.example:1883')

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']

const POSTGRES_PORT = 5432
const TARGETS = ['any', 'read-write', 'primary']

export function postgresUrlProblems(text: string): string[] {
  const example = 'postgres://user@host:5432/database'
  const problems = new Set(
    oneHostEach(text).flatMap(each => urlProblems(each, ['postgres:', 'postgresql:'], example))
  )
  if (problems.size > 0) return [...problems]
  const { url } = postgresHosts(text)
  const oneOf = (name: string, known: readonly string[]) => {
    const value = url.searchParams.get(name)
    return value === null || known.includes(value)
      ? []
      : [`${name} must be one of ${known.join(', ')}`]
  }
  return [...oneOf('sslmode', SSL_MODES), ...oneOf('target_session_attrs', TARGETS)]
}

/**
 * A URL of PostgreSQL may name several hosts with commas between, which no parser of URLs knows:
 * the same URL with each of them alone.
 */
function oneHostEach(text: string): string[] {
  const [, before, places, behind] = /^(\w+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s.exec(text) ?? []
  if (before === undefined || places === undefined || behind === undefined) return [text]
  return places.split(',').map(place => `${before}${place}${behind}`)
}

/** The hosts of such a URL, and the URL with the first of them. */
export function postgresHosts(text: string): { url: URL; hosts: HostAndPort[] } {
  const urls = oneHostEach(text).map(each => new URL(each))
  const hosts = urls.map(({ hostname, port }) => ({
    // brackets around an IPv6 address belong to the URL only
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || POSTGRES_PORT
  }))
  return { url: urls[0]!, hosts }
}

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

const listed = (text: string): string[] =>
  text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')

/** The entries of a list of hosts, each with the port behind it or this one. */
export const hostsIn = (text: string, port: number): HostAndPort[] =>
  listed(text).map(entry => {
    const [, bracketed, named, own] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d+))?$/.exec(entry) ?? []
    const host = bracketed ?? named ?? entry
    return { host, port: own === undefined ? port : Number(own) }
  })

/** One host, or several with commas between, each with a port behind it where it needs one. */
export function hostsProblems(text: string): string[] {
  if (text.includes('://')) return hostProblems(text)
  return hostsIn(text, POSTGRES_PORT).flatMap(({ host, port }) => [
    ...hostProblems(host),
    ...(port >= 1 && port <= 65_535 ? [] : [`${port} is no port`])
  ])
}

/** A URL that is asked for one device: `{key}` stands where the device goes. */
export function lookupUrlProblems(text: string): string[] {
  const withKey = (key: string) => text.replaceAll('{key}', key)
  const problems = urlProblems(
    withKey('key'),
    ['http:', 'https:'],
    'https://registry.example.org/devices/{key}'
  )
  if (problems.length > 0) return problems
  const { host, username, password } = new URL(withKey('key'))
  if (username !== '' || password !== '')
    return ['must not have a user name or password; give a token']
  if (!text.includes('{key}')) return ['must have {key} where the device goes']
  return new URL(withKey('other')).host === host
    ? []
    : ['must not have {key} in the name of the server']
}

/** A server that is asked by HTTP; logins have fields of their own. */
export function httpUrlProblems(text: string): string[] {
  const problems = urlProblems(text, ['http:', 'https:'], 'http://server.example:8086')
  if (problems.length > 0) return problems
  const { username, password, search, hash } = new URL(text)
  if (username !== '' || password !== '')
    return ['must not have a user name or password; they have fields of their own']
  return search === '' && hash === '' ? [] : ['must end before ? and #']
}

/** The token endpoint of an authorization server; a secret is sent to it. */
export function tokenUrlProblems(text: string): string[] {
  const example = 'https://login.example.org/oauth2/token'
  const problems = urlProblems(text, ['https:', 'http:'], example)
  if (problems.length > 0) return problems
  const { username, password, hostname, protocol } = new URL(text)
  if (username !== '' || password !== '')
    return ['must not have a user name or password; they have fields of their own']
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return protocol === 'https:' || isHere
    ? []
    : ['must begin with https://, since the secret goes there']
}

/** The entries of a comma-separated list. */
export const entriesOf = (text: string): string[] =>
  text.split(/[\s,]+/).filter(entry => entry !== '')

/** What is wrong with the address of a Kafka broker, or undefined. */
export function brokerProblem(entry: string): string | undefined {
  if (entry.includes('://')) return `"${entry}" is a URL; give host:port`
  // kafkajs splits the address at its first colon.
  if (entry.includes('[') || entry.split(':').length > 2)
    return `"${entry}" is an IPv6 address, which kafkajs cannot take; give a host name`
  const [host = '', port = '1'] = entry.split(':')
  const isPort = /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535
  return isHost(host) && isPort ? undefined : `"${entry}" is not of the form host:port`
}

export function brokersProblems(text: string): string[] {
  const entries = entriesOf(text)
  if (entries.length === 0) return ['give at least one address, such as 127.0.0.1:9092']
  return entries.flatMap(entry => brokerProblem(entry) ?? [])
}

/** A name or an IPv4 address; underscores are in the names of containers. */
const isHost = (text: string) => /^[\p{L}\p{N}_]([\p{L}\p{N}._-]*[\p{L}\p{N}_.])?$/u.test(text)

const IPV6 = /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*(%\w+)?$/i

/** A host that stands alone: also an IPv6 address, or the folder of a Unix socket. */
export const hostProblems = (text: string): string[] =>
  isHost(text) || IPV6.test(text) || text.startsWith('/')
    ? []
    : [`"${shown(text)}" is no name of a host, without scheme and port`]

/**
 * What Kafka allows as a topic: at most 249 of ASCII letters, digits, dot, underscore and hyphen,
 * not "." or "..".
 */
export const isTopicName = (name: string): boolean =>
  /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
