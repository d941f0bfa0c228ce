import { reasonOf } from '@millrace/node-red-telemetry'
import { type S3Settings, shownStore } from './settings.ts'
import { isStoreError, StoreError } from './store.ts'

interface Told {
  readonly name?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** Answers that say that it is too much at a time, or that the server fails for now. */
const BUSY = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'RequestTimeout',
  'TooManyRequests',
  'Throttling'
])
const FULL = new Set(['XMinioStorageFull', 'QuotaExceeded', 'InsufficientCapacity'])

/** What a server of S3 says, as a sentence for the person who must act. */
export function s3Problem(error: unknown, settings: S3Settings): StoreError {
  if (isStoreError(error)) return error
  const { name = '', $metadata } = error as Told
  const status = $metadata?.httpStatusCode
  const at = shownStore(settings)
  const cause = { cause: error }
  if (name === 'NoSuchBucket')
    return new StoreError(
      'STORE_MISSING',
      `The bucket ${settings.bucket} is not there. Make it; the node waits for it.`,
      'bucket missing',
      true,
      cause
    )
  if (FULL.has(name) || status === 507)
    return new StoreError(
      'STORE_FULL',
      `The store ${at} has no room. Make some; the node tries again.`,
      'store full',
      true,
      cause
    )
  if (status === 501 || name === 'NotImplemented') return unable(at, `${name || status}`, cause)
  if (BUSY.has(name) || status === 429 || (status ?? 0) >= 500)
    return new StoreError(
      'STORE_AWAY',
      `${at} asks for less at a time, or fails (${name || status}). The node tries again.`,
      'store busy',
      false,
      cause
    )
  if (status === 301 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed')
    return new StoreError(
      'STORE_REFUSED',
      `The bucket ${settings.bucket} is in another region than ${settings.region}.`,
      'wrong region',
      true,
      cause
    )
  if (status === 401 || status === 403 || name === 'CredentialsProviderError')
    return new StoreError(
      'STORE_REFUSED',
      `${at} refuses the client (${name}): ${reasonOf(error)}. Look at its keys and rights.`,
      'access refused',
      true,
      cause
    )
  return new StoreError(
    'STORE_AWAY',
    `${settings.endpoint || 'Amazon S3'} does not serve ${at}: ${shortly(error)}. The node tries again.`,
    'store away',
    false,
    cause
  )
}

const unable = (at: string, what: string, cause: { cause: unknown }): StoreError =>
  new StoreError(
    'STORE_REFUSED',
    `${at} does not know what it was asked for (${what}). An archive needs a store that gives a name to one writer only (If-None-Match: *).`,
    'store cannot do it',
    true,
    cause
  )

/** A body that is no answer of S3 may be a whole page. */
const shortly = (error: unknown): string => {
  const { code } = error as Told
  return `${code === undefined ? '' : `${code}, `}${reasonOf(error)}`.slice(0, 200)
}
