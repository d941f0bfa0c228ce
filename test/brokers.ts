/** The MQTT servers that a test runs against: ActiveMQ Artemis, and mosquitto as a second opinion where it is on PATH. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyFree } from '../stack/ports.ts'
import { probeMqtt } from '../stack/probe.ts'
import { end, isAlive, launch, type ProcessId } from '../stack/process.ts'
import { services, testHome } from './services.ts'
import { until } from './until.ts'

export interface BrokerMake {
  readonly name: string
  /**
   * Keeps to MQTT 5.0, 4.4 and 4.6. Artemis 2.55 sends again under new packet ids, and out of order once a Receive Maximum
   * was reached.
   */
  readonly strict: boolean
  /** The address for anonymous clients. */
  start(): Promise<string>
  stop(): Promise<void>
}

const artemis: BrokerMake = {
  name: 'Artemis',
  strict: false,
  start: async () => (await services('mqtt')).mqtt.url,
  stop: async () => {}
}

let running: { url: string; process: ProcessId } | undefined

const mosquitto: BrokerMake = {
  name: 'mosquitto',
  strict: true,
  async start() {
    if (running) return running.url
    const folder = join(testHome, `mosquitto-${process.pid}`)
    const port = await anyFree(new Set())
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'mosquitto.conf')
    writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`)
    const broker = await launch({ file: 'mosquitto', args: ['-c', file] }, join(folder, 'mosquitto.log'))
    await until('mosquitto', () => probeMqtt(port), 10_000)
    running = { url: `mqtt://127.0.0.1:${port}`, process: broker }
    // Where a test run breaks off before it stops what it started.
    process.once('exit', () => running && isAlive(running.process) && process.kill(running.process.pid))
    return running.url
  },
  async stop() {
    if (!running) return
    await end(running.process, 'SIGTERM', 5000)
    running = undefined
    rmSync(join(testHome, `mosquitto-${process.pid}`), { recursive: true, force: true })
  }
}

function isInstalled(): boolean {
  try {
    execFileSync('mosquitto', ['-h'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as { status?: number }).status !== undefined && (error as { code?: string }).code !== 'ENOENT'
  }
}

export const makes: readonly BrokerMake[] = isInstalled() ? [artemis, mosquitto] : [artemis]
