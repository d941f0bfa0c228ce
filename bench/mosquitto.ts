/**
 * The mosquitto on PATH, where there is one: a second make of broker, to see how much of lane A is
 * the broker's.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { anyFree } from '../stack/ports.ts'
import { probeMqtt } from '../stack/probe.ts'
import { end, isAlive, launch } from '../stack/process.ts'

const READY_MS = 10_000

/**
 * Queues are unbounded: the default of 1,000 would drop what a slow subscriber has not fetched yet.
 */
const configuration = (port: number, folder: string) => `listener ${port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 5000
persistence true
persistence_location ${folder}/
user root
`

/** Its name and version. */
export function mosquittoProduct(): string {
  // its help ends with code 1
  const [first = ''] = spawnSync('mosquitto', ['-h'], { encoding: 'utf8' }).stdout.split('\n')
  return `mosquitto ${/[\d.]+/.exec(first)?.[0] ?? ''}`
}

/** @throws Error when it is not installed or does not start */
export async function startMosquitto(
  folder: string
): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const port = await anyFree(new Set())
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, configuration(port, folder))
  const broker = await launch(
    { file: 'mosquitto', args: ['-c', file] },
    join(folder, 'mosquitto.log')
  )
  const limit = performance.now() + READY_MS
  while (!(await probeMqtt(port))) {
    if (!isAlive(broker) || performance.now() > limit)
      throw new Error(`mosquitto did not start; see ${join(folder, 'mosquitto.log')}.`)
    await wait(50)
  }
  const stop = async () => {
    await end(broker, 'SIGTERM', 10_000)
  }
  return { url: `mqtt://127.0.0.1:${port}`, pid: broker.pid, stop }
}
