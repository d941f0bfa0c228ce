import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { isSameSecret } from '../../core/upload/same-secret.ts'
import { spec } from './spec.ts'

/** Who may write, and how a client that may not is asked for what it lacks. */
export interface Access {
  allows(request: Pick<IncomingMessage, 'headers' | 'socket'>): boolean
  /** The header WWW-Authenticate; undefined where none can help. */
  readonly challenge: string | undefined
}

const MIN_TOKEN = 16
const MIN_PASSWORD = 8

/** @throws OptionsError where a secret is missing or so short that it can be guessed */
export function accessOf({
  access,
  token,
  user,
  password
}: Pick<Options<typeof spec>, 'access' | 'token' | 'user' | 'password'>): Access {
  if (access === 'open') return { allows: () => true, challenge: undefined }
  if (access === 'certificate')
    return {
      allows: ({ socket }) => (socket as TLSSocket).authorized === true,
      challenge: undefined
    }
  if (access === 'token') {
    longEnough('token', token, MIN_TOKEN)
    return {
      allows: ({ headers }) => isSameSecret(tokenOf(headers), token),
      challenge: 'Bearer realm="records"'
    }
  }
  longEnough('password', password, MIN_PASSWORD)
  const wanted = `${user}:${password}`
  return {
    allows: ({ headers }) => isSameSecret(basicOf(headers), wanted),
    challenge: 'Basic realm="records", charset="UTF-8"'
  }
}

function longEnough(name: 'token' | 'password', secret: string, least: number): void {
  if (secret.length >= least) return
  throw new OptionsError(spec.label, [
    `${spec.fields[name].label}: must have at least ${least} characters`
  ])
}

/**
 * RFC 6750, and `Token` as clients of InfluxDB send it; those of its first version have no header
 * for it and send it as the password.
 */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const found = /^(?:Bearer|Token) +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (found !== undefined) return found
  const basic = basicOf(headers)
  return basic?.slice(basic.indexOf(':') + 1)
}

/** RFC 7617: `user:password`. */
function basicOf({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  const coded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1]
  return coded === undefined ? undefined : Buffer.from(coded, 'base64').toString('utf8')
}
