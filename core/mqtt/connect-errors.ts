import { reasonOf } from '../errors.ts'
import { isSecure, type MqttSettings, shownUrl } from './settings.ts'

/** Why a connection could not be made or was lost, as a sentence for the person who must act. */
export function connectSentence(error: unknown, settings: Pick<MqttSettings, 'url' | 'username' | 'clientId'>): string {
  const address = shownUrl(settings.url)
  const code = codeOf(error)
  const reason = typeof code === 'number' ? REASONS[code] : undefined
  if (reason) return `${address} ${reason(settings)}`
  const system = SYSTEM[String(code)]
  if (system) return `${address}: ${system}`
  const text = reasonOf(error)
  if (text === 'connack timeout')
    return `${address} took the connection but does not speak ${isSecure(settings.url) ? 'TLS' : 'MQTT'} there, or is too busy to answer.`
  if (text === 'Keepalive timeout') return `${address} stopped answering (no PINGRESP within the keepalive time).`
  if (/EPROTO|SSL|TLS/.test(`${code} ${text}`)) return `${address}: the TLS handshake failed (${text}).`
  return `${address}: ${text}.`
}

/** Why the server ended the connection or the peer vanished without a word. */
export function closedSentence(wasConnected: boolean, { url }: Pick<MqttSettings, 'url'>): string {
  if (wasConnected) return `${shownUrl(url)} closed the connection.`
  const guess = isSecure(url) ? 'a port without TLS, or one that wants a client certificate' : 'a TLS port, which needs mqtts:// or wss://'
  return `${shownUrl(url)} closed the connection without an answer. Maybe it is ${guess}, or not an MQTT server.`
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
const noSuchVersion: Say = () => 'does not speak this version of MQTT; try 3.1.1 instead of 5, or the other way round.'
const away: Say = () => 'is not available at the moment.'

/** MQTT 3.1.1, 3.2.2.3 (1 to 5) and MQTT 5.0, 2.4 (from 128); those that a client meets when it connects or is sent away. */
const REASONS: Readonly<Record<number, Say>> = {
  1: noSuchVersion,
  2: badClientId,
  3: away,
  4: badLogin,
  5: notAuthorised,
  128: () => 'refused the connection without a reason.',
  129: () => 'says that a packet was malformed.',
  130: () => 'says that the protocol was violated.',
  132: noSuchVersion,
  133: badClientId,
  134: badLogin,
  135: notAuthorised,
  136: away,
  137: () => 'is too busy.',
  138: ({ clientId }) => `has banned the client id "${clientId}".`,
  139: () => 'is shutting down.',
  140: () => 'does not support this way of authentication.',
  141: () => 'heard nothing from this client for longer than the keepalive time.',
  142: ({ clientId }) => `gave the session to another client with the same client id "${clientId}"; every client needs an id of its own.`,
  144: () => 'does not accept the topic of the will.',
  147: () => 'got more unacknowledged messages than it allows (Receive Maximum).',
  148: () => 'got a topic alias that it does not allow.',
  149: () => 'got or had a packet that is too large.',
  150: () => 'says that this client sends too fast.',
  151: () => 'says that a quota is used up.',
  152: () => 'closed the connection by an administrator.',
  153: () => 'says that the payload of the will has the wrong format.',
  154: () => 'does not support retained messages.',
  155: () => 'does not support this quality of service.',
  156: () => 'says that another server must be used.',
  157: () => 'says that the server has moved.',
  159: () => 'does not allow connections at this rate.',
  160: () => 'allows no longer connections; this one has reached its time.'
}

const UNTRUSTED = 'its certificate is not signed by an authority that is trusted here. Give the CA certificate in a TLS configuration.'

const SYSTEM: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name is unknown (no DNS entry).',
  EAI_AGAIN: 'the host name could not be looked up at the moment (DNS does not answer).',
  ECONNREFUSED: 'connection refused; nothing listens on this port.',
  EHOSTUNREACH: 'the host cannot be reached.',
  ENETUNREACH: 'there is no way to this network.',
  ETIMEDOUT: 'the host does not answer; maybe a firewall is between.',
  ECONNRESET: 'the other side reset the connection.',
  EPIPE: 'the connection broke.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'this port does not speak TLS; use mqtt:// or ws://, or the TLS port.',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'this port does not speak TLS; use mqtt:// or ws://, or the TLS port.',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name.',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it demands a client certificate; choose a TLS configuration that has one.',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'the TLS handshake failed; maybe it demands a client certificate.',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not trust the authority of the client certificate.'
}
