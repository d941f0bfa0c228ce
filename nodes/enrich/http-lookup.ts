import type { Lookup } from './cached-directory.ts'
import type { Metadata, Row } from './metadata.ts'

export interface HttpOptions {
  /** With `{key}` where the device's key goes. */
  readonly url: string
  /** Sent as a bearer token; empty for none. */
  readonly token: string
  readonly timeoutMs: number
  readonly concurrency: number
}

const MAX_BYTES = 1_000_000

/** What is wrong with a URL, in words. */
export function urlProblems(url: string): string[] {
  if (!URL.canParse(url.replaceAll('{key}', 'key'))) return ['is not a URL']
  const { protocol, host } = new URL(url.replaceAll('{key}', 'key'))
  if (protocol !== 'http:' && protocol !== 'https:') return ['must begin with http:// or https://']
  if (!url.includes('{key}')) return ['must have {key} where the device goes']
  return new URL(url.replaceAll('{key}', 'other')).host === host ? [] : ['must not have {key} in the name of the server']
}

/** Looks devices up one by one, several at a time. 404 and 410 say that there is no such device. */
export function httpLookup(options: HttpOptions, project: (row: Row) => Metadata, closing: AbortSignal): Lookup {
  return async keys => {
    const found = new Map<string, Metadata>()
    const waiting = [...keys]
    const work = async () => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        const row = await get(key, options, closing)
        if (row) found.set(key, project(row))
      }
    }
    const workers = Array.from({ length: Math.min(options.concurrency, keys.length) }, work)
    // allSettled, so that no request goes on after the answer, and then the first failure
    const failed = (await Promise.allSettled(workers)).find(outcome => outcome.status === 'rejected')
    if (failed) throw failed.reason
    return found
  }
}

async function get(key: string, { url, token, timeoutMs }: HttpOptions, closing: AbortSignal): Promise<Row | undefined> {
  // as steps of a path the dots would lead elsewhere, and half a surrogate pair cannot be encoded
  if (key === '.' || key === '..' || /\p{Surrogate}/u.test(key)) return undefined
  const address = url.replaceAll('{key}', encodeURIComponent(key))
  const response = await fetch(address, {
    headers: { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)])
  }).catch(error => {
    throw new Error(causeOf(error, timeoutMs), { cause: error })
  })
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel()
    return undefined
  }
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`the server answered ${response.status} ${response.statusText}`.trim())
  }
  return rowOf(await textOf(response))
}

/** Undici says "fetch failed", and why in the cause. */
function causeOf(error: unknown, timeoutMs: number): string {
  const { name, cause } = error as { name?: string; cause?: { message?: string; code?: string } }
  if (name === 'TimeoutError') return `the server did not answer within ${timeoutMs} ms`
  return cause?.message || cause?.code || String((error as Error).message)
}

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

function rowOf(text: string): Row {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Row
  throw new Error('the server answered with something else than a JSON object')
}
