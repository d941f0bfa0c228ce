import { type Code, MillraceError, reasonOf } from '@millrace/node-red-telemetry'

interface Problem {
  /** At most 30 characters, for the status below a node. */
  readonly short: string
  /** Settings or rights must be changed; else the trouble may go by itself. */
  readonly needsPerson: boolean
}

/** Why AWS does not do what it was asked. */
export class AwsError extends MillraceError implements Problem {
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

/** What the client of AWS makes of an answer, or of none. */
interface Thrown {
  readonly name?: string
  readonly message?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** The names that services have for what a person must mend, with the words of the status. */
const REFUSED: Readonly<Record<string, string>> = {
  UnrecognizedClientException: 'access key refused',
  InvalidClientTokenId: 'access key refused',
  InvalidAccessKeyId: 'access key refused',
  InvalidSignatureException: 'secret key refused',
  SignatureDoesNotMatch: 'secret key refused',
  IncompleteSignature: 'credentials refused',
  IncompleteSignatureException: 'credentials refused',
  MissingAuthenticationToken: 'credentials refused',
  MissingAuthenticationTokenException: 'credentials refused',
  AuthFailure: 'credentials refused',
  ExpiredToken: 'session token expired',
  ExpiredTokenException: 'session token expired',
  AccessDenied: 'no right',
  AccessDeniedException: 'no right',
  UnauthorizedOperation: 'no right',
  OptInRequired: 'no right',
  KMSAccessDeniedException: 'no right to the KMS key',
  KMSDisabledException: 'the KMS key is disabled',
  KMSInvalidStateException: 'the KMS key is not usable',
  KMSNotFoundException: 'the KMS key is missing',
  KMSOptInRequired: 'no right to the KMS key',
  CredentialsProviderError: 'no credentials found'
}

const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'LimitExceededException',
  'KMSThrottlingException',
  'TooManyRequestsException'
])

/** Codes of Node.js, in words. */
const SYSTEM: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ETIMEDOUT: 'there was no answer in time',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name cannot be looked up at the moment'
}

const OF_TLS = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO)/

export const nameOf = (error: unknown): string => String((error as Thrown | undefined)?.name ?? '')
export const isThrottled = (error: unknown): boolean => THROTTLED.has(nameOf(error))
export const isMissing = (error: unknown): boolean => nameOf(error) === 'ResourceNotFoundException'
/** The right to this one request is missing; without its role a node has no right at all. */
export const isDenied = (error: unknown): boolean =>
  /^AccessDenied/.test(nameOf(error)) && !/sts:AssumeRole/i.test(reasonOf(error))

/** The request itself is wrong: AWS will never take it. */
export function isInvalid(error: unknown): boolean {
  const { httpStatusCode = 0 } = (error as Thrown).$metadata ?? {}
  const name = nameOf(error)
  if (isThrottled(error) || isMissing(error) || Object.hasOwn(REFUSED, name)) return false
  return /^(Validation|InvalidArgument|Serialization)/.test(name) || httpStatusCode === 413
}

/**
 * Why a request failed, in a sentence.
 * @param what was asked, such as `stream "readings"`
 * @param where it was asked: the region, or an endpoint of its own
 */
export function awsProblem(error: unknown, what: string, where: string): AwsError {
  if (error instanceof AwsError) return error
  const { $metadata, code = '' } = (error ?? {}) as Thrown
  const name = nameOf(error)
  const cause = { cause: error }
  if (Object.hasOwn(REFUSED, name))
    return new AwsError(
      'AWS_REFUSED',
      `AWS (${where}) refuses a request for the ${what}: ${saidBy(error)}.`,
      { short: REFUSED[name]!, needsPerson: true },
      cause
    )
  const status = $metadata?.httpStatusCode ?? 0
  if ((status === 401 || status === 403) && !isThrottled(error))
    return new AwsError(
      'AWS_REFUSED',
      `AWS (${where}) refuses a request for the ${what}, with the status ${status}.`,
      { short: 'credentials refused', needsPerson: true },
      cause
    )
  if (isMissing(error))
    return new AwsError(
      'AWS_NOT_FOUND',
      `AWS (${where}) does not find the ${what}: ${saidBy(error)}.`,
      { short: 'not found', needsPerson: true },
      cause
    )
  if (isThrottled(error))
    return new AwsError(
      'AWS_REQUEST_FAILED',
      `AWS (${where}) lets through no more requests for the ${what} at the moment: ${saidBy(error)}.`,
      { short: 'throttled', needsPerson: false },
      cause
    )
  if (status === 0 && OF_TLS.test(code))
    return new AwsError(
      'AWS_UNREACHABLE',
      `AWS (${where}) cannot be reached for the ${what}: the certificate is not trusted (${saidBy(error)}).`,
      { short: 'certificate refused', needsPerson: true },
      cause
    )
  if (status === 0) {
    const why = Object.hasOwn(SYSTEM, code) ? SYSTEM[code] : saidBy(error)
    return new AwsError(
      'AWS_UNREACHABLE',
      `AWS (${where}) cannot be reached for the ${what}: ${why}.`,
      { short: 'AWS away', needsPerson: false },
      cause
    )
  }
  const needsPerson = isInvalid(error)
  return new AwsError(
    'AWS_REQUEST_FAILED',
    `AWS (${where}) fails with a request for the ${what}: ${saidBy(error)}.`,
    { short: needsPerson ? 'request refused' : 'AWS away', needsPerson },
    cause
  )
}

const MOST_CHARACTERS = 300

/**
 * What the service says. What stands behind its first line may repeat the request, with its session
 * token.
 */
export function saidBy(error: unknown): string {
  const name = nameOf(error)
  const first = reasonOf(error)
    .split(/[\r\n]|The Canonical String/)[0]!
    .trim()
  const text = first.slice(0, MOST_CHARACTERS).replace(/[.:\s]+$/, '')
  if (text === '') return name || 'it gives no reason'
  return name === '' || name === 'Error' || text.includes(name) ? text : `${name}, ${text}`
}
