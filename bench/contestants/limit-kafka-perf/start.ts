/** Kafka's own ProducerPerformance, from the jars that the services are made of. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '../../../stack/java.ts'
import { jars } from '../../../stack/maven.ts'
import { cleanPayloadOf, usualShape } from '../../fleet.ts'

const { WORK = '.', CLEAN_TOPIC = '', RECORDS = '', KAFKA_BROKERS = '' } = process.env
const PAYLOADS = 1_000

const payloads = join(WORK, 'payloads')
writeFileSync(
  payloads,
  Array.from({ length: PAYLOADS }, (_, sequence) =>
    cleanPayloadOf(sequence, Date.now(), usualShape)
  ).join('\n')
)
const libraries = await jars('kafka', {
  onProgress: () => {},
  signal: new AbortController().signal
})
const options = [
  '--topic',
  CLEAN_TOPIC,
  '--num-records',
  RECORDS,
  '--payload-file',
  payloads,
  '--throughput',
  '-1'
]
const properties = [
  '--producer-props',
  `bootstrap.servers=${KAFKA_BROKERS}`,
  'acks=all',
  'enable.idempotence=true',
  'linger.ms=5'
]
const tool = 'org.apache.kafka.tools.ProducerPerformance'
spawn(findJava().file, ['-cp', join(libraries, '*'), tool, ...options, ...properties], {
  stdio: 'inherit'
})
// the benchmark reads what this cost before it ends
setInterval(() => {}, 60_000)
