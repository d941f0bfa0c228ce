import type { ConnectionOptions } from 'node:tls'
import { MillraceError } from '../errors.ts'

export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'

/** How to reach a Kafka cluster. */
export interface ClusterSettings {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls?: ConnectionOptions
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string }
}

const DEFAULT_PORT = 9092

/**
 * The brokers of a comma-separated list, port 9092 where none is given.
 * @throws MillraceError OPTIONS_INVALID that names the entry which is no address
 */
export function parseBrokers(text: string): string[] {
  const entries = text.split(/[\s,]+/).filter(entry => entry !== '')
  if (entries.length === 0) throw new MillraceError('OPTIONS_INVALID', 'Brokers: give at least one address, such as 127.0.0.1:9092')
  return entries.map(parseBroker)
}

function parseBroker(entry: string): string {
  const refused = (why: string) => new MillraceError('OPTIONS_INVALID', `Brokers: "${entry}" ${why}`)
  if (entry.includes('://')) throw refused('is a URL; give host:port')
  // kafkajs splits the address at its first colon.
  if (entry.includes('[') || entry.split(':').length > 2) throw refused('is an IPv6 address, which kafkajs cannot take; give a host name')
  const [host = '', port = String(DEFAULT_PORT)] = entry.split(':')
  if (host === '' || !/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) throw refused('is not of the form host:port')
  return `${host}:${Number(port)}`
}

/** The topics (or groups) of a comma-separated list, each once. */
export const parseNames = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(name => name !== ''))]

/** What Kafka allows as a topic: at most 249 of ASCII letters, digits, dot, underscore and hyphen, not "." or "..". */
export const isTopicName = (name: string): boolean => /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
