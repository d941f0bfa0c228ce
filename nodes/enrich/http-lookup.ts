import { Failure, GIVE_UP_AFTER, type Lookup, type LookupOutcome } from './answer.ts'
import type { Metadata, MetadataRow } from './metadata.ts'

export interface HttpOptions {
  /** With `{key}` where the device's key goes. */
  readonly url: string
  /** Sent as a bearer token; empty for none. */
  readonly token: string
  readonly timeoutMs: number
  readonly concurrency: number
}

type Project = (row: MetadataRow) => Metadata

const MAX_BYTES = 1_000_000
/**
 * A server that is overloaded or restarted fails now and then, for devices that are nothing
 * special.
 */
const TRIES = 3
/** No device: what the server says of it tells only whether it answers. */
const NOBODY = 'millrace-is-anybody-there'

/** Looks devices up one by one, several at a time. */
export function httpLookup(options: HttpOptions, project: Project, closing: AbortSignal): Lookup {
  const get = (key: string) => outcomeOf(key, options, project, closing)
  return {
    async ask(keys) {
      const outcomes = new Map<string, LookupOutcome>()
      let next = 0
      let failuresInRow = 0
      let away = false
      const work = async () => {
        while (!away && next < keys.length) {
          const key = keys[next++]!
          const outcome = await get(key)
          outcomes.set(key, outcome)
          const failed = outcome instanceof Failure && outcome.blame !== 'key'
          failuresInRow = failed ? failuresInRow + 1 : 0
          away ||= failed && (outcome.blame === 'source' || failuresInRow >= GIVE_UP_AFTER)
        }
      }
      await Promise.all(Array.from({ length: Math.min(options.concurrency, keys.length) }, work))
      return outcomes
    },
    async answers() {
      const outcome = await get(NOBODY)
      return !(outcome instanceof Failure) || outcome.blame === 'key'
    }
  }
}

async function outcomeOf(
  key: string,
  options: HttpOptions,
  project: Project,
  closing: AbortSignal
): Promise<LookupOutcome> {
  // as steps of a path the dots would lead elsewhere, and half a surrogate pair cannot be encoded
  if (key === '.' || key === '..' || /\p{Surrogate}/u.test(key)) return null
  const address = options.url.replaceAll('{key}', () => encodeURIComponent(key))
  try {
    const row = await withinTime(options.timeoutMs, closing, signal =>
      get(address, options.token, signal)
    )
    return row instanceof Failure ? row : row && project(row)
  } catch (error) {
    return failureOf(error, options.timeoutMs)
  }
}

/**
 * Aborts the work when the time is up or the node is closed. Not by `AbortSignal.any` of an
 * `AbortSignal.timeout`: it holds that weakly, so once garbage was collected it never aborts, and
 * it leaves something behind at the signal of the node for each request, a fault of Node.js.
 */
async function withinTime<T>(
  limitMs: number,
  closing: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  const over = new AbortController()
  const close = () => over.abort(closing.reason)
  const late = () => over.abort(new DOMException('The time is up.', 'TimeoutError'))
  const timer = setTimeout(late, limitMs)
  if (closing.aborted) close()
  else closing.addEventListener('abort', close)
  try {
    return await work(over.signal)
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', close)
  }
}

/** Resolves with null where there is no such device. */
async function get(
  address: string,
  token: string,
  signal: AbortSignal
): Promise<MetadataRow | Failure | null> {
  const response = await fetch(address, {
    headers: {
      accept: 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` })
    },
    signal
  })
  if (response.ok) return rowOf(await textOf(response))
  await response.body?.cancel()
  const { status, statusText } = response
  return status === 404 || status === 410 ? null : statusFailure(status, statusText)
}

/**
 * Of these the source is to blame whichever device was asked for: no login, too slow, too often.
 */
const OF_THE_SOURCE = new Set([401, 407, 408, 429])

function statusFailure(status: number, statusText: string): Failure {
  const error = new Error(`the server answered ${status} ${statusText}`.trim())
  if (OF_THE_SOURCE.has(status)) return new Failure('source', error)
  if (status === 403) return new Failure('denied', error)
  return status >= 400 && status < 500
    ? new Failure('key', error)
    : new Failure('doubtful', error, TRIES)
}

/** Nobody was reached who could have looked at the device. */
const UNREACHED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|UND_ERR_CONNECT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL)/

/** Undici says "fetch failed", and why in the cause. */
function failureOf(error: unknown, timeoutMs: number): Failure {
  const { name, cause } = error as { name?: string; cause?: { message?: string; code?: string } }
  if (name === 'TimeoutError') return doubtful(`the server did not answer within ${timeoutMs} ms`)
  const why = cause?.message || cause?.code || String((error as Error).message)
  return UNREACHED.test(cause?.code ?? '')
    ? new Failure('source', new Error(why, { cause: error }))
    : doubtful(why)
}

const doubtful = (why: string) => new Failure('doubtful', new Error(why), TRIES)

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // the types are those of browsers, which cannot iterate over a body
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`the server answered with more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function rowOf(text: string): MetadataRow {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return parsed as MetadataRow
  throw new Error('the server answered with something else than a JSON object')
}
