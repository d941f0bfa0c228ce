/** Node-RED as a process of its own, with the pipeline in it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { StackError } from '../errors.ts'
import { holderOf, holdsAll, isFree, nextFree } from '../ports.ts'
import { end, isAlive, launch, type ProcessId } from '../process.ts'
import { fixedPorts } from '../services.ts'
import { prepareUserDir } from './user-dir.ts'

const host = '127.0.0.1'
const readyTimeoutMs = 120_000

export type NodeRed = { process: ProcessId; url: string; log: string }

type NodeRedOptions = {
  home: string
  /** Addresses of the services, as the flows name them: MQTT_URL and so on. */
  environment: Record<string, string>
  onProgress: (line: string) => void
  signal: AbortSignal
}

export const userDirOf = (home: string): string => join(home, 'node-red')
const processFile = (home: string): string => join(userDirOf(home), 'process.json')

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

/** Ends a Node-RED that an earlier start has left behind when it was killed. */
async function endLeftOver(home: string, onProgress: (line: string) => void): Promise<void> {
  try {
    const earlier = JSON.parse(readFileSync(processFile(home), 'utf8')) as ProcessId
    if (isAlive(earlier))
      onProgress('node-red: ending the one that an earlier start has left behind')
    await end(earlier, 'SIGTERM', 10_000)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

const startAttempts = 4

/** Starts Node-RED on port 1880 or the next free one, and waits until its editor answers. */
export async function startNodeRed(options: NodeRedOptions): Promise<NodeRed> {
  const { home, onProgress, signal } = options
  await endLeftOver(home, onProgress)
  const lost = new Set<number>()
  for (let attempt = 1; ; attempt++) {
    const port = await nextFree(fixedPorts.nodeRed, lost)
    if (port !== fixedPorts.nodeRed)
      onProgress(
        `node-red: port ${fixedPorts.nodeRed} is in use by another program, taking ${port}`
      )
    try {
      return await startOnce(options, port)
    } catch (error) {
      signal.throwIfAborted()
      if (attempt === startAttempts || (await isFree(port))) throw error
      lost.add(port)
      onProgress(`node-red: another program has taken port ${port} meanwhile, trying again`)
    }
  }
}

async function startOnce(
  { home, environment, onProgress, signal }: NodeRedOptions,
  port: number
): Promise<NodeRed> {
  const began = performance.now()
  const userDir = userDirOf(home)
  prepareUserDir({ userDir, host, port })
  const program = createRequire(import.meta.url).resolve('node-red/red.js')
  const log = join(home, 'log', 'node-red.log')
  const env = { ...process.env, ...environment }
  const started = await launch(
    { file: process.execPath, args: [program, '--userDir', userDir], env, cwd: userDir },
    log
  )
  writeFileSync(processFile(home), JSON.stringify(started))
  const nodeRed = { process: started, url: `http://${host}:${port}`, log }
  await untilReady(nodeRed, port, signal)
  onProgress(`node-red: ready after ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return nodeRed
}

/** Another program that answers on the port does not count. */
async function untilReady(nodeRed: NodeRed, port: number, signal: AbortSignal): Promise<void> {
  const limit = performance.now() + readyTimeoutMs
  const { pid } = nodeRed.process
  while (!(holdsAll(pid, [port]) && (await answers(nodeRed.url)))) {
    if (signal.aborted) await end(nodeRed.process, 'SIGTERM', 5_000)
    signal.throwIfAborted()
    if (!isAlive(nodeRed.process))
      throw new StackError('START_FAILED', `Node-RED ended. ${endOfLog(nodeRed.log)}`)
    const isLost = holderOf(pid, port) === 'other'
    if (isLost || performance.now() > limit) {
      await end(nodeRed.process, 'SIGKILL', 1_000)
      const why = isLost
        ? `cannot have port ${port}: another program listens there`
        : `did not answer within ${readyTimeoutMs / 1000} s`
      throw new StackError('START_FAILED', `Node-RED ${why}. ${endOfLog(nodeRed.log)}`)
    }
    await wait(100)
  }
  await wait(100)
  if (!isAlive(nodeRed.process))
    throw new StackError(
      'START_FAILED',
      `Node-RED ended right after its start. ${endOfLog(nodeRed.log)}`
    )
}

export function endOfLog(log: string): string {
  return `The end of ${log}:\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n')}`
}

/** Ends it in order: its nodes finish what they have in hand. */
export async function stopNodeRed(
  home: string,
  nodeRed: NodeRed,
  timeoutMs: number
): Promise<void> {
  await end(nodeRed.process, 'SIGTERM', timeoutMs)
  rmSync(processFile(home), { force: true })
}
