/** The MQTT broker: Artemis, started by the Java classes in this folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { ensureCertificates } from '../certificates.ts'
import { findJava, jvmOptions } from '../java.ts'
import type { Launcher, StartContext } from '../launcher.ts'
import { checkJars, compile, jars } from '../maven.ts'
import { probeMqtt } from '../probe.ts'
import { accounts, type MqttService, repository } from '../services.ts'

const host = '127.0.0.1'
const sources = join(repository, 'stack', 'artemis')

/**
 * Announced in CONNACK; publishing more than that without an acknowledgement ends the connection.
 */
export const receiveMaximum = 1000
export const topicAliasMaximum = 20
/** Bytes of one MQTT packet. */
export const maximumPacketSize = 1 << 20

function properties(values: Record<string, string | number>): string {
  // backslashes of Windows paths would be read as escapes
  const lines = Object.entries(values).map(
    ([key, value]) => `${key}=${String(value).replaceAll('\\', '\\\\')}`
  )
  return `${lines.join('\n')}\n`
}

function writeSettings({ home, folder, port }: StartContext): string {
  const files = ensureCertificates(home)
  const { mqtt, mqttGuest } = accounts
  const settings = join(folder, 'broker.properties')
  mkdirSync(folder, { recursive: true })
  const content = properties({
    host,
    port: port('mqtt'),
    tlsPort: port('mqttTls'),
    mtlsPort: port('mqttMtls'),
    data: join(folder, 'data'),
    ca: files.ca,
    serverCert: files.serverCert,
    serverKey: files.serverKey,
    receiveMaximum,
    topicAliasMaximum,
    maximumPacketSize,
    'user.1.name': mqtt.user,
    'user.1.password': mqtt.password,
    'user.1.prefix': '',
    'user.2.name': mqttGuest.user,
    'user.2.password': mqttGuest.password,
    'user.2.prefix': mqttGuest.prefix
  })
  writeFileSync(settings, content, { mode: 0o600 })
  return settings
}

function describe({ home, port }: StartContext): MqttService {
  const { ca, clientCert, clientKey } = ensureCertificates(home)
  const tlsUrl = `mqtts://${host}:${port('mqttTls')}`
  const mtlsUrl = `mqtts://${host}:${port('mqttMtls')}`
  return {
    url: `mqtt://${host}:${port('mqtt')}`,
    ...accounts.mqtt,
    secure: { tlsUrl, mtlsUrl, ca, clientCert, clientKey }
  }
}

export const mqtt: Launcher<'mqtt'> = {
  check() {
    findJava()
    checkJars('mqtt', 'ecj')
  },

  async prepare(context) {
    const { home, fullJit } = context
    const java = findJava()
    const libraries = await jars('mqtt', context)
    const broker = await compile(java, sources, libraries, context)
    const archive = `${basename(libraries)}-${basename(broker, '.jar')}-${java.versionId}.jsa`
    const settings = writeSettings(context)
    const args = [
      ...jvmOptions({ archive, maxHeapMb: 384, home, fullJit }),
      `-Djava.util.logging.config.file=${join(sources, 'logging.properties')}`,
      ...['-cp', [broker, join(libraries, '*')].join(delimiter)],
      ...['ArtemisBroker', settings]
    ]
    return { command: { file: java.file, args }, detail: describe(context), archive }
  },
  ready: ({ port }) => probeMqtt(port('mqtt'))
}
