/**
 * HiveMQ CE, started by the Java classes in this folder. Only tests start it: it is a server of
 * others.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ensureCertificates } from '../certificates.ts'
import { findJava } from '../java.ts'
import { checkJars, compile, jars } from '../maven.ts'
import type { Command } from '../process.ts'
import { accounts, repository } from '../services.ts'

const host = '127.0.0.1'
const sources = join(repository, 'stack', 'hivemq')

export type HiveMqOptions = {
  /** Where the certificates are. */
  home: string
  /** The server's own. */
  folder: string
  port: number
  tlsPort: number
  mtlsPort: number
  wsPort: number
  wssPort: number
}

const store = (kind: string, file: string, more = '') =>
  `<${kind}><path>${file}</path><password>changeit</password>${more}</${kind}>`

function configuration(options: HiveMqOptions): string {
  const { folder, port, tlsPort, mtlsPort, wsPort, wssPort } = options
  const keys = store(
    'keystore',
    join(folder, 'server.p12'),
    '<private-key-password>changeit</private-key-password>'
  )
  const trust = store('truststore', join(folder, 'authority.p12'))
  const demanded = '<client-authentication-mode>REQUIRED</client-authentication-mode>'
  const tls = (number: number, content: string) =>
    `<tls-tcp-listener><port>${number}</port><bind-address>${host}</bind-address><tls>${content}</tls></tls-tcp-listener>`
  const webSocket = '<path>/mqtt</path><subprotocols><subprotocol>mqtt</subprotocol></subprotocols>'
  return `<?xml version="1.0"?>
<hivemq>
  <listeners>
    <tcp-listener><port>${port}</port><bind-address>${host}</bind-address></tcp-listener>
    ${tls(tlsPort, keys)}
    ${tls(mtlsPort, keys + trust + demanded)}
    <websocket-listener><port>${wsPort}</port><bind-address>${host}</bind-address>${webSocket}</websocket-listener>
    <tls-websocket-listener><port>${wssPort}</port><bind-address>${host}</bind-address>${webSocket}<tls>${keys}</tls></tls-websocket-listener>
  </listeners>
  <mqtt><queued-messages><max-queue-size>100000</max-queue-size></queued-messages></mqtt>
  <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
</hivemq>
`
}

/** Downloads and compiles what is missing; 104 MB the first time. */
export async function prepareHiveMq() {
  const java = findJava()
  checkJars('hivemq')
  const download = {
    onProgress: (line: string) => console.log(line),
    signal: AbortSignal.timeout(240_000)
  }
  const libraries = await jars('hivemq', download)
  return { java, libraries, launcher: await compile(java, sources, libraries, download) }
}

/** Writes the configuration, and says how to run it. */
export async function hiveMqCommand(options: HiveMqOptions): Promise<Command> {
  const { home, folder } = options
  const { java, libraries, launcher } = await prepareHiveMq()
  const { serverCert, serverKey, ca } = ensureCertificates(home)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.xml'), configuration(options), { mode: 0o600 })
  const users = [accounts.mqtt, accounts.mqttGuest].flatMap(user => [
    user.user,
    user.password,
    'prefix' in user ? user.prefix : ''
  ])
  const args = [
    ...['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
    ...['-cp', [launcher, join(libraries, '*')].join(delimiter)],
    ...['HiveMqServer', folder, serverCert, serverKey, ca, ...users]
  ]
  return { file: java.file, args }
}
