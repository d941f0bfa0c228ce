import { MillraceError, reasonOf } from '../../errors.ts'
import type { LoginToken } from './token-source.ts'

/** What a token server knows this client by. */
export interface TokenClient {
  /** Its token endpoint. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** Empty where the server needs none. */
  readonly scope: string
}

interface Answer {
  readonly access_token?: unknown
  readonly expires_in?: unknown
  readonly error?: unknown
  readonly error_description?: unknown
}

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 100_000
/** Where the server does not say: short enough for all that are in use. */
const USUAL_LIFE_S = 300

/**
 * A token by the client credentials grant (RFC 6749, 4.4): id and secret go along as HTTP Basic,
 * which each server must take.
 * @throws MillraceError KAFKA_CONNECT_FAILED with the reason in words, never with the secret
 */
export async function tokenOf(client: TokenClient): Promise<LoginToken> {
  const askedMs = Date.now()
  const { status, answer } = await asked(client)
  if (status !== 200) throw refused(client, status, answer)
  const { access_token: value, expires_in: lifeS } = answer
  if (typeof value !== 'string' || value === '')
    throw failed(`The token server at ${whereOf(client)} answered without a token.`)
  const life = Number(lifeS ?? USUAL_LIFE_S)
  return { value, expiresMs: askedMs + 1000 * (life > 0 ? life : USUAL_LIFE_S) }
}

async function asked(client: TokenClient): Promise<{ status: number; answer: Answer }> {
  const { url, clientId, clientSecret, scope } = client
  const id = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), TIMEOUT_MS)
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(id).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded'
      },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        ...(scope === '' ? {} : { scope })
      }).toString(),
      signal: over.signal
    })
    return { status: response.status, answer: answerOf(await textOf(response)) }
  } catch (error) {
    const { cause = error } = error as Error
    const reason = over.signal.aborted ? 'it does not answer' : reasonOf(cause)
    throw failed(`The token server at ${whereOf(client)} cannot be asked: ${reason}.`)
  } finally {
    clearTimeout(timer)
  }
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > MAX_ANSWER_BYTES) return ''
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function answerOf(text: string): Answer {
  try {
    const answer = JSON.parse(text) as unknown
    return typeof answer === 'object' && answer !== null ? answer : {}
  } catch {
    return {}
  }
}

/** What the server says stands in `error` (RFC 6749, 5.2). */
function refused(client: TokenClient, status: number, { error }: Answer): MillraceError {
  const where = whereOf(client)
  const word = typeof error === 'string' ? error.slice(0, 60) : `status ${status}`
  if (error === 'invalid_scope')
    return failed(`The token server at ${where} refused the scope "${client.scope}" (${word}).`)
  if (status === 400 || status === 401 || status === 403)
    return failed(`The token server at ${where} refused the client id or secret (${word}).`)
  if (status === 404) return failed(`There is no token server at ${where} (${word}).`)
  return failed(`The token server at ${where} gave no token (${word}).`)
}

const failed = (sentence: string) => new MillraceError('KAFKA_CONNECT_FAILED', sentence)

/** Without what may be secret in it. */
function whereOf({ url }: TokenClient): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** As RFC 6749, 2.3.1 asks for before id and secret are put together. */
const formEncoded = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
