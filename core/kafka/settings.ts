import type { ConnectionOptions } from 'node:tls'
import { brokerProblem, entriesOf } from '../address.ts'
import { MillraceError } from '../errors.ts'
import type { Compression } from './compression.ts'

export { isTopicName } from '../address.ts'

/** A user name and a password. */
export interface PasswordLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** A token, which somebody else has given out (RFC 7628). */
export interface TokenLogin {
  readonly mechanism: 'oauthbearer'
  /** Who has given it out: a token server, or AWS by the keys of a user or role. */
  readonly by: 'server' | 'aws'
  /** One that is still good; rejects with a MillraceError where there is none. */
  token(): Promise<string>
  /** What the brokers want to know beside it. */
  readonly extensions: Readonly<Record<string, string>>
}

/** How to reach a Kafka cluster. */
export interface ClusterSettings {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls?: ConnectionOptions
  readonly sasl?: PasswordLogin | TokenLogin
  /** How long the brokers may take for an answer, where that is longer than usual. */
  readonly requestTimeoutMs?: number
  /** The only compressions that the brokers take, where they do not take all. */
  readonly compressions?: readonly Compression[]
}

const DEFAULT_PORT = 9092

/**
 * The brokers of a comma-separated list, port 9092 where none is given.
 * @throws MillraceError OPTIONS_INVALID that names the entry which is no address
 */
export function parseBrokers(text: string): string[] {
  const entries = entriesOf(text)
  if (entries.length === 0)
    throw new MillraceError(
      'OPTIONS_INVALID',
      'Brokers: give at least one address, such as 127.0.0.1:9092'
    )
  return entries.map(parseBroker)
}

function parseBroker(entry: string): string {
  const problem = brokerProblem(entry)
  if (problem !== undefined) throw new MillraceError('OPTIONS_INVALID', `Brokers: ${problem}`)
  const [host, port = String(DEFAULT_PORT)] = entry.split(':')
  return `${host}:${Number(port)}`
}

/** The topics (or groups) of a comma-separated list, each once. */
export const parseNames = (text: string): string[] => [...new Set(entriesOf(text))]
