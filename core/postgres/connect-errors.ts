import { MillraceError, reasonOf } from '../errors.ts'
import { type FailedPlace, NoHostError, placeOf } from './hosts.ts'
import { SettingError } from './setting-error.ts'
import { sqlstateOf } from './sqlstate.ts'

/** Where a connection goes, for sentences. The password is not part of it. */
export interface DatabasePlace {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

export const shownPlace = ({ host, port, database }: DatabasePlace): string =>
  `${host}:${port}/${database}`

/** Why the database could not be used, as a sentence for the person who must act. */
export function databaseSentence(error: unknown, place: DatabasePlace): string {
  if (error instanceof MillraceError) return error.message
  if (error instanceof NoHostError) {
    const each = error.failures.map(failure => databaseSentence(failure, place))
    return `None of the ${each.length} hosts can be used. ${each.join(' ')}`
  }
  return sentenceAt(error, { ...place, ...placeOf(error) })
}

function sentenceAt(error: unknown, place: DatabasePlace & Pick<FailedPlace, 'from'>): string {
  const address = `${place.host}:${place.port}`
  const text = reasonOf(error).replace(/\.$/, '')
  const code = sqlstateOf(error)
  const told = code === undefined ? SYSTEM[systemCode(error) ?? ''] : BY_SQLSTATE[code]
  if (told) return told({ ...place, address, text })
  if (code !== undefined)
    return `The database ${place.database} at ${address} says: ${text} (${code}).`
  return driverSentence(text, address)
}

/** The same in the few words that fit below a node. */
export function databaseWords(error: unknown): string {
  if (error instanceof SettingError) return error.words
  const code = sqlstateOf(error) ?? ''
  const words = WORDS[code] ?? WORDS[code.slice(0, 2)] ?? AWAY[code]
  if (words) return words
  const text = reasonOf(error)
  const driver = DRIVER_WORDS.find(([pattern]) =>
    pattern.test(`${systemCode(error) ?? ''} ${text}`)
  )
  if (driver) return driver[1]
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** What is the matter with a database that will be back by itself, in a few words. */
export const awayWords = (error: unknown): string =>
  AWAY[sqlstateOf(error) ?? systemCode(error) ?? ''] ?? 'database away'

const AWAY: Readonly<Record<string, string>> = {
  '25006': 'database read-only',
  '53200': 'server out of memory',
  '53300': 'no connection left',
  '57P03': 'database starting',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'name not looked up'
}

/** What the driver and TLS say, in the order in which it is looked for. */
const DRIVER_WORDS: readonly (readonly [RegExp, string])[] = [
  [/does not support SSL/, 'no TLS offered'],
  [/password must be a/, 'password missing'],
  [/altnames|ALTNAME/, 'certificate of another host'],
  [/CERT_HAS_EXPIRED|expired/i, 'certificate expired'],
  [/certificate|UNABLE_TO_|CERT_/i, 'certificate not trusted'],
  [/unsupported authentication|SASL/i, 'login method unknown']
]

/** By SQLSTATE or its class. */
const WORDS: Readonly<Record<string, string>> = {
  '28P01': 'wrong password',
  '28000': 'login refused',
  '3D000': 'no such database',
  '42501': 'no permission',
  '3F': 'schema missing',
  '42P01': 'table missing',
  '42703': 'column missing',
  '42804': 'wrong column type',
  '42P10': 'unique index missing',
  '53100': 'disk full',
  '53400': 'server limit reached',
  '57P04': 'no such database',
  '58': 'server cannot read its files',
  XX001: 'data corrupted',
  XX002: 'index corrupted'
}

function driverSentence(text: string, address: string): string {
  if (/does not support SSL/.test(text))
    return `The server ${address} does not offer TLS. Take the TLS configuration away, or switch TLS on in the server.`
  if (/password must be a/.test(text))
    return `The server ${address} wants a password, and none is set.`
  if (/certificate|altnames|self.signed/i.test(text))
    return `The certificate of ${address} is not trusted: ${text}. Choose a TLS configuration with the right CA.`
  if (/timeout|timed out/i.test(text))
    return `The server ${address} did not answer in time. Check the address and whether a firewall is between.`
  if (/terminated|ECONNRESET|EPIPE/.test(text)) return `The connection to ${address} was lost.`
  return `The server ${address} cannot be used: ${text}.`
}

interface Facts extends DatabasePlace, Pick<FailedPlace, 'from'> {
  readonly address: string
  readonly text: string
}
type SentenceOf = (facts: Facts) => string

const refusesLogin: SentenceOf = ({ user, address, text }) =>
  `The database at ${address} does not let the user "${user}" in: ${text}.`
const starting: SentenceOf = ({ address }) =>
  `The database at ${address} is starting up or shutting down.`

const BY_SQLSTATE: Readonly<Record<string, SentenceOf>> = {
  '28P01': ({ user, address, from }) =>
    `The database at ${address} refused the password of the user "${user}"${from === undefined ? '' : `, as it stands in ${from}`}.`,
  '28000': refusesLogin,
  '3D000': ({ database, address }) => `There is no database "${database}" at ${address}.`,
  '42501': ({ user, text }) =>
    `The user "${user}" may not do this: ${text}. Grant the right, or use another user.`,
  '25006': ({ database, address }) =>
    `The database ${database} at ${address} is read-only at the moment.`,
  '53100': ({ address, text }) =>
    `The disk of the database server ${address} is full: ${text}. Make room; records wait.`,
  '53300': ({ address }) =>
    `The database at ${address} has no connection left. Raise max_connections, or use fewer connections here.`,
  '57P01': starting,
  '57P02': starting,
  '57P03': starting
}

const SYSTEM: Readonly<Record<string, SentenceOf>> = {
  ECONNREFUSED: ({ address }) =>
    `Nothing answers at ${address}. Is the database running, and is this its port?`,
  ENOTFOUND: ({ host }) => `There is no host named "${host}".`,
  EAI_AGAIN: ({ host }) => `The name "${host}" cannot be looked up at the moment.`,
  ETIMEDOUT: ({ address }) =>
    `The server ${address} did not answer in time. Check the address and whether a firewall is between.`,
  EHOSTUNREACH: ({ host }) => `The host ${host} cannot be reached from here.`,
  ENETUNREACH: ({ host }) => `The host ${host} cannot be reached from here.`,
  ECONNRESET: ({ address }) => `The connection to ${address} was lost.`,
  EPIPE: ({ address }) => `The connection to ${address} was lost.`
}

function systemCode(error: unknown): string | undefined {
  const { code, errors, cause } = (error ?? {}) as {
    code?: unknown
    errors?: unknown[]
    cause?: unknown
  }
  if (typeof code === 'string') return code
  // a host with several addresses fails with an AggregateError
  if (Array.isArray(errors)) return systemCode(errors[0])
  return cause === undefined ? undefined : systemCode(cause)
}
