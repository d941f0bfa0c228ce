import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '../stack/services.ts'
import type { Machine } from './report.ts'

/**
 * On what the figures were measured. `node` is the one that the contestants ran on, `mqtt` the
 * broker.
 */
export function machine(node: string, mqtt: string = catalogue.mqtt.product): Machine {
  const all = cpus()
  const version = (name: string) => {
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', 'node_modules', name, 'package.json'), 'utf8')
    ) as {
      version: string
    }
    return version
  }
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `Linux ${release()}`,
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    versions: {
      MQTT: mqtt,
      Kafka: catalogue.kafka.product,
      PostgreSQL: catalogue.postgres.product,
      'Node-RED': version('node-red'),
      kafkajs: version('kafkajs'),
      'mqtt.js': version('mqtt'),
      pg: version('pg')
    }
  }
}
