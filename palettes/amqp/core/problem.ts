import { type Code, MillraceError, reasonOf } from '@millrace/node-red-telemetry'
import { type AmqpSettings, isSecure, shownUrl } from './settings.ts'

interface Problem {
  /** At most 30 characters, for the status below a node. */
  readonly short: string
  /** Settings or rights must be changed; else the trouble may go by itself. */
  readonly needsPerson: boolean
}

/** Why there is no connection, or why the server does not serve an address. */
export class AmqpError extends MillraceError implements Problem {
  readonly short: string
  readonly needsPerson: boolean

  constructor(
    code: Code,
    sentence: string,
    { short, needsPerson }: Problem,
    options?: { cause?: unknown }
  ) {
    super(code, sentence, options)
    this.short = short
    this.needsPerson = needsPerson
  }
}

const WAITING = 'waiting for the server'

/** Codes of Node.js, with what they mean and whether a person must act. */
const SYSTEM: Readonly<Record<string, readonly [sentence: string, needsPerson: boolean]>> = {
  ECONNREFUSED: ['nobody listens there', false],
  ECONNRESET: ['the connection was reset', false],
  EPIPE: ['the connection was reset', false],
  ETIMEDOUT: ['there was no answer in time', false],
  EHOSTUNREACH: ['there is no way to this host', false],
  ENETUNREACH: ['there is no way to this network', false],
  ENOTFOUND: ['there is no host of this name', false],
  EAI_AGAIN: ['the name cannot be looked up at the moment', false],
  CERT_HAS_EXPIRED: ['the certificate of the server has expired', true],
  ERR_TLS_CERT_ALTNAME_INVALID: ['the certificate of the server is for another host', true],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'the certificate of the server is not signed by an authority that is trusted',
    true
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'the certificate of the server is not signed by an authority that is trusted',
    true
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'the certificate of the server is not signed by an authority that is trusted',
    true
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'the certificate of the server is not signed by an authority that is trusted',
    true
  ]
}

/** Why a connection could not be made, or has ended; `error` is what one of both sides said. */
export function connectionProblem(
  error: unknown,
  settings: AmqpSettings,
  wasOpen: boolean
): AmqpError {
  const address = shownUrl(settings.url)
  const { condition, code } = (error ?? {}) as { condition?: string; code?: string }
  const cause = { cause: error }
  if (condition === 'amqp:unauthorized-access')
    return new AmqpError(
      'AMQP_REFUSED',
      `${address} does not let the client in: ${loginText(settings)}.`,
      { short: 'login refused', needsPerson: true },
      cause
    )
  if (condition !== undefined)
    return new AmqpError(
      'AMQP_CONNECTION_LOST',
      `${address} ended the connection: ${described(error)}.`,
      { short: WAITING, needsPerson: false },
      cause
    )
  const known = SYSTEM[String(code)]
  if (known !== undefined)
    return new AmqpError(
      wasOpen ? 'AMQP_CONNECTION_LOST' : 'AMQP_CONNECT_FAILED',
      `${address}: ${known[0]}.`,
      { short: known[1] ? 'certificate refused' : WAITING, needsPerson: known[1] },
      cause
    )
  if (error !== undefined && /EPROTO|SSL|TLS|certificate/i.test(`${code} ${reasonOf(error)}`))
    return new AmqpError(
      'AMQP_CONNECT_FAILED',
      `${address}: the TLS handshake failed (${reasonOf(error)}).`,
      { short: 'TLS handshake failed', needsPerson: true },
      cause
    )
  if (error !== undefined)
    return new AmqpError(
      wasOpen ? 'AMQP_CONNECTION_LOST' : 'AMQP_CONNECT_FAILED',
      `${address}: ${reasonOf(error)}.`,
      { short: WAITING, needsPerson: false },
      cause
    )
  return closedProblem(settings, wasOpen)
}

function closedProblem({ url }: AmqpSettings, wasOpen: boolean): AmqpError {
  const address = shownUrl(url)
  if (wasOpen)
    return new AmqpError('AMQP_CONNECTION_LOST', `${address} closed the connection.`, {
      short: WAITING,
      needsPerson: false
    })
  const guess = isSecure(url)
    ? 'a port without TLS, or one that wants a client certificate'
    : 'a TLS port, which needs amqps://'
  return new AmqpError(
    'AMQP_CONNECT_FAILED',
    `${address} closed the connection without an answer. Maybe it is ${guess}, or no server of AMQP 1.0.`,
    { short: 'closed without an answer', needsPerson: false }
  )
}

/** What to look at; never the password. */
function loginText({ login, username }: AmqpSettings): string {
  if (login === 'none') return 'it takes no anonymous clients'
  if (login === 'certificate') return 'it does not take the client certificate as a login'
  return `it does not know the user "${username}" with this password`
}

interface Said {
  readonly condition: string
  readonly description: string
}

/** Conditions by which a server refuses an address until somebody does something. */
const FOR_A_PERSON: Readonly<Record<string, string>> = {
  'amqp:not-found': 'address not found',
  'amqp:unauthorized-access': 'no right to the address',
  'amqp:not-allowed': 'address not allowed',
  'amqp:invalid-field': 'address not allowed',
  'amqp:precondition-failed': 'address of another kind',
  'amqp:not-implemented': 'address not supported'
}

/** Why the server does not give a link to an address, or has taken it away. */
export function linkProblem(error: unknown, address: string): AmqpError {
  const { condition = '', description = '' } = (error ?? {}) as Partial<Said>
  // Artemis has no condition of its own for a right that is missing.
  const lacksRight = /permission|not authori[sz]ed/i.test(description)
  const known = lacksRight ? 'amqp:unauthorized-access' : condition
  const short = Object.hasOwn(FOR_A_PERSON, known) ? FOR_A_PERSON[known] : undefined
  return new AmqpError(
    'AMQP_ADDRESS_REFUSED',
    `The server refuses the address "${address}": ${described(error)}.`,
    { short: short ?? 'address not served', needsPerson: short !== undefined },
    { cause: error }
  )
}

/** What a server says: its condition and its sentence. */
export function described(error: unknown): string {
  const { condition, description } = (error ?? {}) as Partial<Said>
  const parts = [condition, description].filter(part => part !== undefined && part !== '')
  return parts.length === 0 ? 'it gives no reason' : parts.join(', ').replace(/\.$/, '')
}
