/** A broker's configuration file and its formatted data folder. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { ensureCertificates } from '../certificates.ts'
import { StackError } from '../errors.ts'
import type { Java } from '../java.ts'
import type { JarProfile } from '../maven.ts'
import { accounts, repository } from '../services.ts'

const run = promisify(execFile)
const templates = join(repository, 'stack', 'kafka')

/** Of Kafka: the one of `npm start`, and the last before 4.0. */
export type KafkaVersion = '4.3' | '3.9'

export const jarsOf = (version: KafkaVersion): JarProfile =>
  version === '4.3' ? 'kafka' : 'kafka-3.9'

/** Option of every JVM of Kafka: what it logs, and where. */
export const loggingOf = (version: KafkaVersion): string =>
  version === '4.3'
    ? `-Dlog4j2.configurationFile=${join(templates, 'log4j2.yaml')}`
    : `-Dlog4j.configuration=${pathToFileURL(join(templates, 'log4j.properties'))}`

/** What it takes to run a tool of Kafka, or Kafka itself. */
export type Kafka = { java: Java; libraries: string; logging: string }

export type BrokerPorts = {
  port: number
  controllerPort: number
  saslPort: number
  mtlsPort: number
}

/**
 * Writes `server.properties` into the broker's folder and returns its path. `more` are further
 * properties; where the template has them too, they win, since the last line counts.
 */
export function writeConfiguration(
  home: string,
  folder: string,
  ports: BrokerPorts,
  more: Record<string, string | number> = {}
): string {
  const { serverPem, ca } = ensureCertificates(home)
  const values: Record<string, string | number> = {
    ...ports,
    data: join(folder, 'data'),
    ...accounts.kafka,
    serverPem,
    ca
  }
  const template = readFileSync(join(templates, 'server.properties'), 'utf8')
  const content = template.replace(/\$\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole)
  )
  const lines = Object.entries(more).map(([key, value]) => `${key}=${value}\n`)
  const file = join(folder, 'server.properties')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, content + lines.join(''), { mode: 0o600 })
  return file
}

/** Prepares an empty data folder; the SCRAM user is part of it. */
export async function format(
  kafka: Kafka,
  configuration: string,
  folder: string,
  clusterId: string
): Promise<void> {
  const { java, libraries, logging } = kafka
  const data = join(folder, 'data')
  if (existsSync(join(data, 'meta.properties'))) return
  rmSync(data, { recursive: true, force: true })
  const { user, password } = accounts.kafka
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(name => [
    '--add-scram',
    `${name}=[name=${user},password=${password}]`
  ])
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configuration, ...scram]
  try {
    await run(java.file, ['-XX:TieredStopAtLevel=1', logging, '-cp', join(libraries, '*'), ...tool])
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    rmSync(data, { recursive: true, force: true })
    throw new StackError(
      'SETUP_FAILED',
      `Kafka's data folder ${data} could not be formatted:\n${stdout}${stderr}`,
      { cause: error }
    )
  }
}
