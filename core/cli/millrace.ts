#!/usr/bin/env node
/** npx millrace doctor [--url URL] [--json] */
import { reasonOf } from '../errors.ts'
import { type Examination, severity } from '../node/answer.ts'
import { doctorText } from '../node/doctor-text.ts'

const USAGE = `millrace doctor [--url URL] [--json]

Asks a running Node-RED with this palette the questions of an operator: clients, lag, rates, chunks and jobs, what was
rejected, whether the database is healthy. It only reads.

  --url URL   where the editor of Node-RED is, http://127.0.0.1:1880 if absent (or MILLRACE_URL)
  --json      the answers as JSON

Where Node-RED has a login: MILLRACE_TOKEN, or MILLRACE_USER and MILLRACE_PASSWORD, in the environment. The user needs
the permission millrace.read.

It ends with 0 when all is well, with 1 when somebody should look at something, and with 2 when records are not
stored, or Node-RED does not answer.`

/** Longer than Node-RED waits for its servers. */
const LIMIT_MS = 20_000
const LOGOUT_MS = 5_000
/** Of the clients that Node-RED knows, the one that a login by password is of. */
const CLIENT = 'node-red-admin'

interface Wish {
  readonly url: string
  readonly isJson: boolean
}

class WrongUse extends Error {}

function wishOf([command, ...rest]: readonly string[]): Wish {
  if (command !== 'doctor') throw new WrongUse(`There is no command "${command ?? ''}".`)
  let url = process.env.MILLRACE_URL || 'http://127.0.0.1:1880'
  let isJson = false
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] === '--json') isJson = true
    else if (rest[at] === '--url' && rest[at + 1] !== undefined) url = rest[++at]!
    else throw new WrongUse(`"${rest[at]}" is not understood.`)
  }
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new WrongUse(`"${url}" is no address.`)
  return { url: url.replace(/\/+$/, ''), isJson }
}

interface Login {
  readonly token: string | undefined
  /** Begun here, so that it ends here: Node-RED would keep it for a week. */
  readonly isOwn: boolean
}

async function loginAt(url: string): Promise<Login> {
  const { MILLRACE_TOKEN, MILLRACE_USER, MILLRACE_PASSWORD } = process.env
  if (MILLRACE_TOKEN || !MILLRACE_USER) return { token: MILLRACE_TOKEN || undefined, isOwn: false }
  const response = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_id: CLIENT,
      grant_type: 'password',
      scope: 'millrace.read',
      username: MILLRACE_USER,
      password: MILLRACE_PASSWORD ?? ''
    }),
    signal: AbortSignal.timeout(LIMIT_MS)
  })
  if (!response.ok) throw new Error(`${url} refuses MILLRACE_USER and MILLRACE_PASSWORD.`)
  const { access_token: token } = (await response.json()) as { access_token: string }
  return { token, isOwn: true }
}

/** Of a Node-RED that does not answer any more nothing else is to be had. */
async function logOut(url: string, { token, isOwn }: Login): Promise<void> {
  if (token === undefined || !isOwn) return
  const revoked = fetch(`${url}/auth/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(LOGOUT_MS)
  })
  await revoked.catch(() => undefined)
}

async function ask(url: string): Promise<Examination> {
  const login = await loginAt(url)
  try {
    return await askAs(url, login.token)
  } finally {
    await logOut(url, login)
  }
}

async function askAs(url: string, token: string | undefined): Promise<Examination> {
  const response = await fetch(`${url}/millrace/doctor`, {
    headers: { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(LIMIT_MS)
  })
  if (response.status === 401)
    throw new Error(
      `${url} wants a login: set MILLRACE_TOKEN, or MILLRACE_USER and MILLRACE_PASSWORD, of a user who may millrace.read.`
    )
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  if (!response.ok || !isJson)
    throw new Error(
      `${url} answers ${response.status}, not as a Node-RED with this palette. Is it the address of the editor, with its path?`
    )
  return (await response.json()) as Examination
}

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words.some(word => ['--help', '-h', 'help'].includes(word))) {
    console.log(USAGE)
    return 0
  }
  const { url, isJson } = wishOf(words)
  const found = await ask(url)
  console.log(isJson ? JSON.stringify(found, null, 2) : doctorText(found))
  return severity(found.answers)
}

main(process.argv.slice(2)).then(
  code => {
    process.exitCode = code
  },
  (error: unknown) => {
    const cause = error instanceof TypeError && error.cause ? error.cause : error
    console.error(
      error instanceof WrongUse
        ? `${error.message}\n\n${USAGE}`
        : `Node-RED could not be asked: ${reasonOf(cause)}`
    )
    process.exitCode = 2
  }
)
