/** Apache Kafka in KRaft mode, one node. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { ensureCertificates } from '../certificates.ts'
import { StackError } from '../errors.ts'
import { findJava, type Java, jvmOptions } from '../java.ts'
import type { Launcher, StartContext } from '../launcher.ts'
import { checkJars, jars } from '../maven.ts'
import { accounts, type KafkaService, repository } from '../services.ts'
import { probeKafka } from './probe.ts'

const run = promisify(execFile)
const host = '127.0.0.1'
const templates = join(repository, 'stack', 'kafka')
const logging = `-Dlog4j2.configurationFile=${join(templates, 'log4j2.yaml')}`

function writeConfiguration({ home, folder, port }: StartContext): string {
  const { serverPem, ca } = ensureCertificates(home)
  const values: Record<string, string | number> = {
    port: port('kafka'),
    controllerPort: port('kafkaController'),
    saslPort: port('kafkaSasl'),
    mtlsPort: port('kafkaMtls'),
    data: join(folder, 'data'),
    ...accounts.kafka,
    serverPem,
    ca
  }
  const template = readFileSync(join(templates, 'server.properties'), 'utf8')
  const content = template.replace(/\$\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
  const file = join(folder, 'server.properties')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, content, { mode: 0o600 })
  return file
}

/** Prepares an empty data folder; the SCRAM user is part of it. */
async function format(java: Java, libraries: string, configuration: string, { folder, kafkaCluster }: StartContext): Promise<void> {
  const data = join(folder, 'data')
  if (existsSync(join(data, 'meta.properties'))) return
  rmSync(data, { recursive: true, force: true })
  const { user, password } = accounts.kafka
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(name => ['--add-scram', `${name}=[name=${user},password=${password}]`])
  const tool = ['kafka.tools.StorageTool', 'format', '-t', kafkaCluster, '-c', configuration, ...scram]
  try {
    await run(java.file, ['-XX:TieredStopAtLevel=1', logging, '-cp', join(libraries, '*'), ...tool])
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    rmSync(data, { recursive: true, force: true })
    throw new StackError('SETUP_FAILED', `Kafka's data folder ${data} could not be formatted:\n${stdout}${stderr}`, { cause: error })
  }
}

function describe({ home, port }: StartContext): KafkaService {
  const { ca, clientCert, clientKey } = ensureCertificates(home)
  return {
    brokers: `${host}:${port('kafka')}`,
    sasl: { brokers: `${host}:${port('kafkaSasl')}`, ...accounts.kafka },
    mtls: { brokers: `${host}:${port('kafkaMtls')}`, ca, clientCert, clientKey }
  }
}

export const kafka: Launcher<'kafka'> = {
  check() {
    findJava()
    checkJars('kafka')
  },

  async prepare(context) {
    const { home, fullJit } = context
    const java = findJava()
    const libraries = await jars('kafka', context)
    const configuration = writeConfiguration(context)
    await format(java, libraries, configuration, context)
    const archive = `${basename(libraries)}-${java.versionId}.jsa`
    const options = jvmOptions({ archive, maxHeapMb: 512, home, fullJit })
    const args = [...options, logging, '-cp', join(libraries, '*'), 'kafka.Kafka', configuration]
    return { command: { file: java.file, args }, detail: describe(context), archive }
  },
  ready: ({ port }) => probeKafka(port('kafka'))
}
