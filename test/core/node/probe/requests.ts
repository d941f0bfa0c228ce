/** Generated requests to the admin routes: right ones, wrong ones, and everything between. */
import { generateKeyPairSync } from 'node:crypto'

export interface FuzzRequest {
  readonly path: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | null
}

interface World {
  readonly seed: number
  /** Ports of servers that answer with rubbish. */
  readonly rubbish: readonly number[]
  /** The port of a server that never answers. */
  readonly mute: number
}

const KINDS = ['mqtt-broker', 'kafka-cluster', 'timescale-database'] as const
const ACTIONS = ['test', 'kafka-topics', 'kafka-groups', 'tables', 'columns']
const STRANGE_ACTIONS = [
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'x'.repeat(100_000),
  '',
  'then'
]
const SCHEMES = [
  'mqtt://',
  'mqtts://',
  'ws://',
  'wss://',
  'postgres://',
  'http://',
  '',
  'mqtt:',
  '://'
]
const STRANGE_VALUES: readonly unknown[] = [
  null,
  0,
  -1,
  1e300,
  true,
  [],
  {},
  '',
  ' ',
  '\0',
  '__PWRD__',
  '${HOME}',
  '${',
  [[]],
  { toString: 1 },
  'x'.repeat(20_000),
  '__proto__',
  'tls',
  '💥'
]
const FIELDS = [
  'url',
  'brokers',
  'host',
  'port',
  'user',
  'username',
  'password',
  'tls',
  'version',
  'sasl',
  'connection',
  'clientId',
  'database'
]

/** mulberry32, so that a run can be repeated. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Few requests meet the server that never answers: each takes its ten seconds. */
const MUTE_SHARE = 0.008
const HUGE_SHARE = 0.004

export function fuzzer({ seed, rubbish, mute }: World): () => FuzzRequest {
  const roll = random(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(roll() * items.length)]!
  const chance = (share: number) => roll() < share
  const { privateKey } = generateKeyPairSync('ed25519')
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

  const port = () =>
    chance(MUTE_SHARE)
      ? mute
      : chance(0.5)
        ? pick(rubbish)
        : pick([1, 0, -1, 65_535, 65_536, 99_999, 1e9, 'x', ''])
  const host = () =>
    chance(0.9)
      ? '127.0.0.1'
      : pick(['', '[::1]', '::1', 'no.such.host.invalid', '%00', 'a b', '${HOME}', '.', 'xn--'])
  const address = () => `${host()}:${port()}`

  const kafka = () => ({
    brokers: Array.from({ length: pick([1, 1, 1, 2, 5]) }, address).join(','),
    sasl: pick(['none', 'plain', 'scram-sha-256', 'x'])
  })
  const mqtt = () => ({
    url: `${chance(0.6) ? pick(SCHEMES.slice(0, 4)) : pick(SCHEMES)}${address()}`,
    version: pick(['5', '4', 3])
  })
  const database = () =>
    chance(0.5)
      ? {
          connection: 'fields',
          host: host(),
          port: port(),
          database: pick(['postgres', '', 'a"b']),
          user: 'u'
        }
      : {
          connection: 'url',
          url: `${chance(0.8) ? 'postgres://' : pick(SCHEMES)}u:p@${address()}/d?sslmode=${pick(['', 'disable', 'require', 'verify-full', 'x'])}`
        }
  const tls = () => ({
    verifyservercert: pick([true, false, 'x', undefined]),
    servername: pick(['', 'localhost', '\0', 'a b', 'x'.repeat(300)]),
    alpnprotocol: pick(['', 'mqtt', 'x'.repeat(300)]),
    certdata: pick(['', 'rubbish', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']),
    keydata: pick(['', key, 'rubbish']),
    cadata: pick(['', 'rubbish', key]),
    passphrase: pick(['', '__PWRD__', 'x']),
    ca: pick(['', '', '/dev/zero', '/etc/passwd', '/', '${HOME}', '/nowhere'])
  })

  const values = (kind: string): Record<string, unknown> => {
    const made: Record<string, unknown> =
      kind === 'kafka-cluster' ? kafka() : kind === 'mqtt-broker' ? mqtt() : database()
    if (chance(0.3))
      Object.assign(made, { username: 'u', password: pick(['p', '__PWRD__', '${PASSWORD}', '']) })
    if (chance(0.3)) made.tls = pick(['tls', 'new', '__proto__', 'constructor', 'tab'])
    while (chance(0.25)) made[pick(FIELDS)] = pick(STRANGE_VALUES)
    return made
  }
  const deep = () => '['.repeat(50_000) + ']'.repeat(50_000)
  const body = (kind: string): string => {
    const request: Record<string, unknown> = {
      action: chance(0.9) ? pick(ACTIONS) : pick([...STRANGE_ACTIONS, ...STRANGE_VALUES]),
      id: chance(0.7) ? '' : pick(['tls', 'tab', ...STRANGE_VALUES]),
      values: chance(0.95) ? values(kind) : pick(STRANGE_VALUES)
    }
    if (chance(0.5)) request.tls = chance(0.9) ? tls() : pick(STRANGE_VALUES)
    if (chance(0.2))
      request.query = chance(0.5)
        ? { table: pick(['t', '"', '', 5, 'x'.repeat(20_000)]) }
        : pick(STRANGE_VALUES)
    const text = JSON.stringify(request)
    if (chance(0.02)) return text.slice(0, Math.floor(roll() * text.length))
    if (chance(0.02))
      return `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${text.slice(1)}`
    if (chance(0.02)) return `{"values":${deep()},${text.slice(1)}`
    if (chance(HUGE_SHARE))
      return JSON.stringify({
        ...request,
        values: { brokers: 'a:1,'.repeat(1_500_000), url: 'x'.repeat(1_000_000) }
      })
    if (chance(HUGE_SHARE))
      return JSON.stringify({ ...request, values: { brokers: 'a:1,'.repeat(1_000_000) } })
    return text
  }
  const type = () =>
    chance(0.94)
      ? 'application/json'
      : pick([
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data',
          '',
          'application/json; charset=x'
        ])

  return () => {
    const kind = pick(KINDS)
    if (chance(0.03))
      return {
        path: pick(['/millrace/metrics', '/millrace/metrics/prometheus']),
        method: pick(['GET', 'POST', 'HEAD', 'PUT']),
        headers: {}
      }
    const path = `/millrace/probe/${chance(0.97) ? `millrace-${kind}` : pick(['__proto__', 'millrace-nothing', '', '..%2f', 'tls-config'])}`
    const headers: Record<string, string> = { 'content-type': type() }
    if (chance(0.05))
      headers.origin = pick(['null', 'http://evil.example', 'x', 'http://127.0.0.1'])
    return { path, method: 'POST', headers, body: body(kind) }
  }
}
