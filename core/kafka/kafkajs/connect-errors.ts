import { reasonOf } from '../../errors.ts'
import type { ClusterSettings } from '../settings.ts'

/** What the sockets of a client saw, for the errors that kafkajs words as "Closed connection". */
export interface HeardError {
  /** The first bytes that the other side sent on the last connection; empty if none. */
  readonly firstBytes: Buffer
  /** A connection was accepted. */
  readonly connected: boolean
}

interface Link {
  readonly name?: unknown
  readonly code?: unknown
  readonly type?: unknown
  readonly message?: unknown
  readonly host?: unknown
  readonly port?: unknown
  readonly broker?: unknown
}

/** The error and what caused it, outermost first. */
export function causesOf(error: unknown): Link[] {
  const links: Link[] = []
  for (
    let at = error;
    typeof at === 'object' && at !== null && links.length < 10;
    at = (at as { cause?: unknown }).cause
  )
    links.push(at)
  return links
}

/** Kafka's own name of the error, such as MESSAGE_TOO_LARGE, if the broker gave one. */
export function protocolErrorOf(error: unknown): string | undefined {
  const found = causesOf(error).find(link => typeof link.type === 'string')
  return found?.type as string | undefined
}

type Explain = (where: string, settings: ClusterSettings, heard: HeardError) => string

const BY_CODE: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: where =>
    `Nothing listens at ${where} (connection refused). Is Kafka running, and is the port right?`,
  ENOTFOUND: where => `The host of ${where} is not known (no such name).`,
  EAI_AGAIN: where =>
    `The host of ${where} could not be looked up: the name server does not answer.`,
  EHOSTUNREACH: where => `There is no route to ${where}.`,
  ENETUNREACH: where => `There is no route to ${where}.`,
  ETIMEDOUT: where =>
    `${where} does not answer. Check the address and whether a firewall is between.`,
  SELF_SIGNED_CERT_IN_CHAIN: where =>
    `The certificate of ${where} is signed by an authority that is not trusted: give its CA certificate.`,
  DEPTH_ZERO_SELF_SIGNED_CERT: where =>
    `The certificate of ${where} is self-signed: give it as CA certificate.`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: where =>
    `The certificate of ${where} is signed by an unknown authority: give its CA certificate.`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: where =>
    `The certificate of ${where} is signed by an unknown authority: give its CA certificate.`,
  CERT_HAS_EXPIRED: where => `The certificate of ${where} has expired.`,
  ERR_TLS_CERT_ALTNAME_INVALID: where => `The certificate of ${where} is for another host name.`,
  ERR_SSL_WRONG_VERSION_NUMBER: where =>
    `${where} does not speak TLS: remove TLS, or use the port that does.`
}

const BY_TYPE: Readonly<Record<string, Explain>> = {
  ILLEGAL_SASL_STATE: where =>
    `${where} takes no login (SASL): choose "none", or use the port that does.`,
  UNSUPPORTED_SASL_MECHANISM: (where, { sasl }) =>
    sasl?.mechanism === 'oauthbearer' && sasl.by === 'aws'
      ? `${where} does not offer the login mechanism of AWS IAM: take the port that does (9098, or 9198 from outside).`
      : `${where} does not offer the login mechanism ${sasl?.mechanism ?? ''}: choose another.`,
  SASL_AUTHENTICATION_FAILED: (_where, settings) => wrongLogin(settings),
  TOPIC_AUTHORIZATION_FAILED: () => 'This user may not use the topic (TOPIC_AUTHORIZATION_FAILED).',
  GROUP_AUTHORIZATION_FAILED: () =>
    'This user may not use the consumer group (GROUP_AUTHORIZATION_FAILED).',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: () =>
    'This user may not use the transactional id, which begins with "millrace-" (TRANSACTIONAL_ID_AUTHORIZATION_FAILED).',
  CLUSTER_AUTHORIZATION_FAILED: () =>
    'This user may not do that on the cluster (CLUSTER_AUTHORIZATION_FAILED).'
}

const TO_CHECK = {
  server: 'is it meant for this cluster (audience, scope), and may this identity connect?',
  aws: 'is the region right, and does the policy of the user or role have kafka-cluster:Connect?'
} as const

const wrongLogin = ({ sasl }: ClusterSettings) =>
  sasl?.mechanism === 'oauthbearer'
    ? `The broker refused the token: ${TO_CHECK[sasl.by]}`
    : `The broker refused the user name or password (user "${sasl?.username ?? ''}").`

/** Why Kafka could not be reached or refused to talk, as a sentence for the person who must act. */
export function connectSentence(
  error: unknown,
  settings: ClusterSettings,
  heard: HeardError
): string {
  const links = causesOf(error)
  const where = whereOf(links, settings)
  const text = reasonOf(error)
  for (const { code, type, message } of links) {
    const explain = BY_TYPE[String(type)] ?? BY_CODE[String(code)] ?? BY_CODE[codeIn(message) ?? '']
    if (explain) return explain(where, settings, heard) + advertised(where, settings)
  }
  if (/ZSTD compression not implemented/.test(text)) {
    return `The topic holds records compressed with Zstandard, which Node 22.15 or newer can read; this is Node ${process.versions.node}.`
  }
  if (links.some(link => link.name === 'KafkaJSSASLAuthenticationError'))
    return wrongLogin(settings)
  const certificate = CERTIFICATE_TEXTS.find(([pattern]) => pattern.test(text))
  if (certificate)
    return BY_CODE[certificate[1]]!(where, settings, heard) + advertised(where, settings)
  if (/before secure TLS connection/.test(text))
    return `${where} does not speak TLS: remove TLS, or use the port that does.`
  if (/bad certificate|certificate required|handshake failure/.test(text)) {
    return `${where} did not accept our client certificate: give one that it trusts.`
  }
  if (/Closed connection|ECONNRESET|Not connected|disconnect/i.test(text))
    return closedSentence(where, settings, heard)
  if (/timed out|timeout|Broker not connected/i.test(text))
    return `${where} accepts connections but does not answer as Kafka does.`
  return `${text.replace(/[.\s]*$/, '')}.`
}

/** What TLS says where its code was lost on the way through kafkajs' log. */
const CERTIFICATE_TEXTS: readonly (readonly [pattern: RegExp, code: string])[] = [
  [/self-signed certificate in certificate chain/, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self-signed certificate/, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to verify the first certificate/, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/unable to get local issuer certificate/, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [/certificate has expired/, 'CERT_HAS_EXPIRED'],
  [/does not match certificate's altnames/, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [/wrong version number/i, 'ERR_SSL_WRONG_VERSION_NUMBER']
]

/** The lines that kafkajs logs have the code of the system in their text only. */
const codeIn = (message: unknown) =>
  typeof message === 'string'
    ? Object.keys(BY_CODE).find(code => message.includes(code))
    : undefined

function closedSentence(
  where: string,
  { tls, sasl }: ClusterSettings,
  { firstBytes, connected }: HeardError
): string {
  const start = firstBytes.toString('latin1', 0, 8)
  if (start.startsWith('HTTP/')) return `${where} is a web server, not Kafka.`
  if (start.startsWith('SSH-')) return `${where} is an SSH server, not Kafka.`
  if (firstBytes[0] === 0x15) return `${where} wants TLS: choose a TLS configuration.`
  if (firstBytes.length === 0 && connected && !tls)
    return `${where} closed the connection without a word: it may want TLS, or is not Kafka.`
  if (!sasl) return `${where} closed the connection: it may want a login (SASL), or it is stopping.`
  return `${where} closed the connection.`
}

/** The address that the error is about, else the list of the settings. */
function whereOf(links: readonly Link[], { brokers }: ClusterSettings): string {
  for (const { broker, host, port, message } of links) {
    if (typeof broker === 'string' && broker !== '') return broker
    if (typeof host === 'string' && port !== undefined) return `${host}:${String(port)}`
    const address =
      typeof message === 'string'
        ? /(?:connect \w+|getaddrinfo \w+) (\S+)/.exec(message)?.[1]
        : undefined
    if (address !== undefined)
      return brokers.find(known => known.startsWith(`${address}:`)) ?? address
  }
  return brokers.join(', ')
}

/**
 * The most frequent riddle of Kafka: the first address works, but the cluster hands out another.
 */
function advertised(where: string, { brokers }: ClusterSettings): string {
  const known = brokers.some(
    broker =>
      broker === where ||
      where.includes(broker) ||
      broker.replace('localhost', '127.0.0.1') === where
  )
  return known || !/:\d+$/.test(where)
    ? ''
    : ` The cluster itself gave this address: see advertised.listeners of the broker.`
}
