import { type Code, MillraceError, reasonOf } from '../errors.ts'
import { isSecure, type MqttSettings, shownUrl } from './settings.ts'

/** Why there is no connection, or no subscription. */
export interface ConnectProblem {
  /** For the person who must act. */
  readonly sentence: string
  /** The same in at most 30 characters, for the status below a node. */
  readonly short: string
  /** Settings or rights must be changed; without it the trouble may go by itself. */
  readonly needsPerson?: boolean
  /** A server may say in this way that another client has taken the session over. */
  readonly mayBeRival?: boolean
}

export class MqttError extends MillraceError {
  readonly short: string
  readonly needsPerson: boolean
  readonly mayBeRival: boolean

  constructor(
    code: Code,
    { sentence, short, needsPerson = false, mayBeRival = false }: ConnectProblem,
    options?: { cause?: unknown }
  ) {
    super(code, sentence, options)
    this.short = short
    this.needsPerson = needsPerson
    this.mayBeRival = mayBeRival
  }
}

/** Why a connection could not be made or was lost. */
export function connectProblem(
  error: unknown,
  settings: Pick<MqttSettings, 'url' | 'username' | 'clientId'>,
  wasConnected = true
): ConnectProblem {
  const address = shownUrl(settings.url)
  const code = codeOf(error)
  // mosquitto resets the connection where TLS is expected, others close it in order.
  if (code === 'ECONNRESET' && !wasConnected) return closedProblem(false, settings)
  const reason = typeof code === 'number' ? REASONS[code] : undefined
  if (reason)
    return {
      sentence: `${address} ${reason[0](settings)}`,
      short: reason[1],
      needsPerson: reason[2] === MEND,
      mayBeRival: code === TAKEN_OVER
    }
  const system = SYSTEM[String(code)]
  if (system) {
    const mayBeRival = code === 'ECONNRESET' || code === 'EPIPE'
    return {
      sentence: `${address}: ${system[0]}`,
      short: system[1],
      needsPerson: system[2] === MEND,
      mayBeRival
    }
  }
  const text = reasonOf(error)
  if (text === 'connack timeout') {
    const language = isSecure(settings.url) ? 'TLS' : 'MQTT'
    const sentence = `${address} took the connection but does not speak ${language} there, or is too busy to answer.`
    return { sentence, short: 'the server does not answer' }
  }
  if (text === 'Keepalive timeout') {
    return {
      sentence: `${address} stopped answering (no PINGRESP within the keepalive time).`,
      short: 'the server stopped answering'
    }
  }
  if (/EPROTO|SSL|TLS/.test(`${code} ${text}`)) {
    return {
      sentence: `${address}: the TLS handshake failed (${text}).`,
      short: 'TLS handshake failed',
      needsPerson: true
    }
  }
  return { sentence: `${address}: ${text}.`, short: WAITING }
}

const WAITING = 'waiting for the server'

/** Why the server ended the connection or the peer vanished without a word. */
export function closedProblem(
  wasConnected: boolean,
  { url }: Pick<MqttSettings, 'url'>
): ConnectProblem {
  if (wasConnected)
    return { sentence: `${shownUrl(url)} closed the connection.`, short: WAITING, mayBeRival: true }
  const guess = isSecure(url)
    ? 'a port without TLS, or one that wants a client certificate'
    : 'a TLS port, which needs mqtts:// or wss://'
  const sentence = `${shownUrl(url)} closed the connection without an answer. Maybe it is ${guess}, or not an MQTT server.`
  return { sentence, short: 'closed without an answer' }
}

/**
 * A server that accepts a connection and ends it, again and again, mostly says in this way that the
 * client id is used twice.
 */
export function rivalProblem({
  url,
  clientId
}: Pick<MqttSettings, 'url' | 'clientId'>): ConnectProblem {
  const sentence = `${shownUrl(url)} closes the connection again and again soon after it has accepted it, without a reason. Mostly another client with the same client id "${clientId}" takes the session over each time; every client needs an id of its own. Else the user may lack a right, or what stands between may end connections.`
  return { sentence, short: 'is the client id used twice?', needsPerson: true }
}

/** What a status shows of whatever kept the connection from working. */
export function shownProblem(error: Error | undefined): { short: string; needsPerson: boolean } {
  if (error === undefined) return { short: 'connecting', needsPerson: false }
  return error instanceof MqttError ? error : { short: WAITING, needsPerson: false }
}

function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errors } = error as { code?: unknown; errors?: unknown[] }
  return code ?? (Array.isArray(errors) ? codeOf(errors[0]) : undefined)
}

type Who = Pick<MqttSettings, 'username' | 'clientId'>
type Say = (settings: Who) => string

const badLogin: Say = ({ username }) =>
  username === ''
    ? 'wants a user name and password; none are set.'
    : `does not accept the user name "${username}" with this password (bad user name or password).`
const notAuthorised: Say = ({ username, clientId }) =>
  `does not authorise ${username === '' ? 'anonymous clients' : `the user "${username}"`} (client id "${clientId}") for this.`
const badClientId: Say = ({ clientId }) => `does not accept the client id "${clientId}".`
const noSuchVersion: Say = () =>
  'does not speak this version of MQTT; try 3.1.1 instead of 5, or the other way round.'
const away: Say = () => 'is not available at the moment.'

/** MQTT 5.0, 4.13: Session taken over. */
const TAKEN_OVER = 142
const MEND = 'mend'
/** What is said of it, the same in short, and whether a person must mend it. */
type Entry<What> = readonly [say: What, short: string, mend?: typeof MEND]
const VERSION: Entry<Say> = [noSuchVersion, 'wrong version of MQTT', MEND]
const LOGIN: Entry<Say> = [badLogin, 'bad user name or password', MEND]
const RIGHTS: Entry<Say> = [notAuthorised, 'not authorised', MEND]
const CLIENT_ID: Entry<Say> = [badClientId, 'client id not accepted', MEND]
const AWAY: Entry<Say> = [away, 'the server is not available']

/**
 * MQTT 3.1.1, 3.2.2.3 (1 to 5) and MQTT 5.0, 2.4 (from 128); those that a client meets when it
 * connects or is sent away.
 */
const REASONS: Readonly<Record<number, Entry<Say>>> = {
  1: VERSION,
  2: CLIENT_ID,
  3: AWAY,
  4: LOGIN,
  5: RIGHTS,
  128: [() => 'refused the connection without a reason.', 'refused without a reason', MEND],
  129: [() => 'says that a packet was malformed.', 'a packet was malformed', MEND],
  130: [() => 'says that the protocol was violated.', 'the protocol was violated', MEND],
  132: VERSION,
  133: CLIENT_ID,
  134: LOGIN,
  135: RIGHTS,
  136: AWAY,
  137: [() => 'is too busy.', 'the server is too busy'],
  138: [
    ({ clientId }) => `has banned the client id "${clientId}".`,
    'the client id is banned',
    MEND
  ],
  139: [() => 'is shutting down.', 'the server is shutting down'],
  140: [() => 'does not support this way of authentication.', 'authentication not supported', MEND],
  141: [
    () => 'heard nothing from this client for longer than the keepalive time.',
    'keepalive time exceeded'
  ],
  142: [
    ({ clientId }) =>
      `gave the session to another client with the same client id "${clientId}"; every client needs an id of its own.`,
    'the client id is used twice',
    MEND
  ],
  144: [() => 'does not accept the topic of the will.', 'will topic not accepted', MEND],
  147: [
    () => 'got more unacknowledged messages than it allows (Receive Maximum).',
    'Receive Maximum exceeded'
  ],
  148: [() => 'got a topic alias that it does not allow.', 'topic alias not allowed'],
  149: [() => 'got or had a packet that is too large.', 'a packet is too large', MEND],
  150: [() => 'says that this client sends too fast.', 'sends too fast'],
  151: [() => 'says that a quota is used up.', 'a quota is used up', MEND],
  152: [() => 'closed the connection by an administrator.', 'closed by an administrator'],
  153: [
    () => 'says that the payload of the will has the wrong format.',
    'will payload not accepted',
    MEND
  ],
  154: [() => 'does not support retained messages.', 'retained is not supported', MEND],
  155: [() => 'does not support this quality of service.', 'this QoS is not supported', MEND],
  156: [() => 'says that another server must be used.', 'use another server', MEND],
  157: [() => 'says that the server has moved.', 'the server has moved', MEND],
  159: [() => 'does not allow connections at this rate.', 'connects too often'],
  160: [
    () => 'allows no longer connections; this one has reached its time.',
    'reached the longest time'
  ]
}

const UNTRUSTED: Entry<string> = [
  'its certificate is not signed by an authority that is trusted here. Give the CA certificate in a TLS configuration.',
  'certificate is not trusted',
  MEND
]
const NOT_TLS: Entry<string> = [
  'this port does not speak TLS; use mqtt:// or ws://, or the TLS port.',
  'this port does not speak TLS',
  MEND
]

/**
 * A name that is unknown may be that of a server which is about to start, as in a Docker network.
 */
const SYSTEM: Readonly<Record<string, Entry<string>>> = {
  ENOTFOUND: ['the host name is unknown (no DNS entry).', 'the host name is unknown'],
  EAI_AGAIN: [
    'the host name could not be looked up at the moment (DNS does not answer).',
    'DNS does not answer'
  ],
  ECONNREFUSED: ['connection refused; nothing listens on this port.', 'connection refused'],
  EHOSTUNREACH: ['the host cannot be reached.', 'the host cannot be reached'],
  ENETUNREACH: ['there is no way to this network.', 'no way to this network'],
  ETIMEDOUT: ['the host does not answer; maybe a firewall is between.', 'the host does not answer'],
  ECONNRESET: ['the other side reset the connection.', 'connection reset'],
  EPIPE: ['the connection broke.', 'the connection broke'],
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: ['its certificate has expired.', 'certificate has expired', MEND],
  CERT_NOT_YET_VALID: [
    'its certificate is not valid yet; check the clocks.',
    'certificate is not valid yet',
    MEND
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another host name.',
    'certificate of another host',
    MEND
  ],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: [
    'it demands a client certificate; choose a TLS configuration that has one.',
    'wants a client certificate',
    MEND
  ],
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: [
    'the TLS handshake failed; maybe it demands a client certificate.',
    'TLS handshake failed',
    MEND
  ],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: [
    'it does not trust the authority of the client certificate.',
    'client certificate not trusted',
    MEND
  ]
}
