/** Apache Kafka in KRaft mode, one node. */
import { basename, join } from 'node:path'
import { ensureCertificates } from '../certificates.ts'
import { findJava, jvmOptions } from '../java.ts'
import type { Launcher, StartContext } from '../launcher.ts'
import { checkJars, jars } from '../maven.ts'
import { accounts, type KafkaService } from '../services.ts'
import { format, loggingOf, writeConfiguration } from './configuration.ts'
import { probeKafka } from './probe.ts'

const host = '127.0.0.1'

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
    const { home, folder, port, kafkaCluster, fullJit } = context
    const java = findJava()
    const libraries = await jars('kafka', context)
    const configuration = writeConfiguration(home, folder, {
      port: port('kafka'),
      controllerPort: port('kafkaController'),
      saslPort: port('kafkaSasl'),
      mtlsPort: port('kafkaMtls')
    })
    const logging = loggingOf('4.3')
    await format({ java, libraries, logging }, configuration, folder, kafkaCluster)
    const archive = `${basename(libraries)}-${java.versionId}.jsa`
    const options = jvmOptions({ archive, maxHeapMb: 512, home, fullJit })
    const args = [...options, logging, '-cp', join(libraries, '*'), 'kafka.Kafka', configuration]
    return { command: { file: java.file, args }, detail: describe(context), archive }
  },
  ready: ({ port }) => probeKafka(port('kafka'))
}
