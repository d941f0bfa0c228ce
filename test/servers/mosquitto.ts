import { execFileSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ensureCertificates } from '../../stack/certificates.ts'
import type { Command } from '../../stack/process.ts'
import { accounts } from '../../stack/services.ts'
import { until } from '../until.ts'
import { OwnServer, type Place } from './own-server.ts'
import type { MqttServer } from './server.ts'

/** Debian has it where only root's PATH leads. */
const PLACES = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
const file = PLACES.map(folder => join(folder, 'mosquitto')).find(path => existsSync(path))

export const isInstalled = file !== undefined

function configuration(place: Place): string {
  const { home, folder, port, tlsPort, mtlsPort, wsPort, wssPort } = place
  const { ca, serverCert, serverKey } = ensureCertificates(home)
  const tls = [`cafile ${ca}`, `certfile ${serverCert}`, `keyfile ${serverKey}`]
  return [
    // Started by root it would become another user, who cannot write here.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'allow_anonymous true',
    `password_file ${join(folder, 'passwords')}`,
    `acl_file ${join(folder, 'rights')}`,
    'max_queued_messages 0',
    'persistence true',
    `persistence_location ${folder}/`,
    `listener ${port} 127.0.0.1`,
    `listener ${tlsPort} 127.0.0.1`,
    ...tls,
    `listener ${mtlsPort} 127.0.0.1`,
    ...tls,
    'require_certificate true',
    `listener ${wsPort} 127.0.0.1`,
    'protocol websockets',
    `listener ${wssPort} 127.0.0.1`,
    'protocol websockets',
    ...tls,
    ''
  ].join('\n')
}

async function prepare(place: Place): Promise<Command> {
  const { folder } = place
  const { mqtt, mqttGuest } = accounts
  const rights = [
    'topic readwrite #',
    `user ${mqtt.user}`,
    'topic readwrite #',
    `user ${mqttGuest.user}`,
    `topic readwrite ${mqttGuest.prefix}#`
  ]
  writeFileSync(join(folder, 'rights'), `${rights.join('\n')}\n`, { mode: 0o600 })
  const passwords = join(folder, 'passwords')
  writeFileSync(
    passwords,
    [mqtt, mqttGuest].map(({ user, password }) => `${user}:${password}\n`).join(''),
    { mode: 0o600 }
  )
  execFileSync('mosquitto_passwd', ['-U', passwords])
  writeFileSync(join(folder, 'mosquitto.conf'), configuration(place))
  return { file: file!, args: ['-c', join(folder, 'mosquitto.conf')] }
}

const server = new OwnServer('mosquitto', prepare)

/** One more, without rights and TLS, with these lines in its configuration. */
export const mosquittoWith = (name: string, lines: readonly string[]): OwnServer =>
  new OwnServer(`mosquitto-${name}`, async ({ folder, port }) => {
    const path = join(folder, 'mosquitto.conf')
    const user = process.getuid?.() === 0 ? ['user root'] : []
    const all = [...user, 'allow_anonymous true', `listener ${port} 127.0.0.1`, ...lines, '']
    writeFileSync(path, all.join('\n'))
    return { file: file!, args: ['-c', path] }
  })

/** The mosquitto of the machine. */
export const mosquitto: MqttServer = {
  name: 'mosquitto',
  refusesSubscriptions: false,
  keepsWhatItAcknowledged: false,
  sendsAhead: true,
  sharesEvenly: true,
  passesOnToTheGroup: false,
  resendsInOrder: true,
  start: () => server.start(),
  kill: () => server.kill(),
  restart: () => server.restart(),
  async saved() {
    const database = join(server.folder, 'mosquitto.db')
    const savedMs = () => (existsSync(database) ? statSync(database).mtimeMs : 0)
    const before = savedMs()
    process.kill(server.pid, 'SIGUSR1')
    await until('mosquitto to write its database', () => savedMs() > before)
  },
  end: () => server.end()
}
