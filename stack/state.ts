/**
 * What runs where, remembered in `services.json` of the data folder; and the lock that keeps two
 * starts apart.
 */
import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { StackError } from './errors.ts'
import { identify, isAlive, type ProcessId } from './process.ts'
import type { PortName, ServiceMap, ServiceName } from './services.ts'

/** A service that we started. `detail` is what clients need to know of it. */
export type Running<N extends ServiceName = ServiceName> = {
  process: ProcessId
  detail: ServiceMap[N]
  log: string
  /** Started to stay, not for the time of a shared use. */
  kept: boolean
  /** File name of the class archive that its JVM writes at its end. */
  archive?: string
}

export type State = {
  /** Ports stay the same over restarts. */
  ports: Partial<Record<PortName, number>>
  running: { [N in ServiceName]?: Running<N> }
  /** Processes (test runs) that use the services together: the last one that leaves stops them. */
  users: ProcessId[]
  /** The id that Kafka's data folder was formatted with. */
  kafkaCluster?: string
}

export const stateFile = (home: string): string => join(home, 'services.json')

export function readState(home: string): State {
  try {
    const { ports, running, users, kafkaCluster } = JSON.parse(
      readFileSync(stateFile(home), 'utf8')
    ) as Partial<State>
    return {
      ports: ports ?? {},
      running: running ?? {},
      users: users ?? [],
      ...(kafkaCluster ? { kafkaCluster } : {})
    }
  } catch (error) {
    // half a file cannot be there (see writeState); a missing one means that nothing ran here yet
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { ports: {}, running: {}, users: [] }
    throw new StackError(
      'SETUP_FAILED',
      `${stateFile(home)} cannot be read. Stop what still runs from there and remove the file.`,
      {
        cause: error
      }
    )
  }
}

export function writeState(home: string, state: State): void {
  mkdirSync(home, { recursive: true })
  const half = `${stateFile(home)}.${process.pid}`
  writeFileSync(half, `${JSON.stringify(state, null, 2)}\n`)
  renameSync(half, stateFile(home))
}

function holderOf(lock: string): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as ProcessId
  } catch {
    return undefined
  }
}

/** Runs `work` while no other process starts or stops services of this data folder. */
export async function locked<T>(
  home: string,
  work: () => Promise<T>,
  timeoutMs = 240_000
): Promise<T> {
  const release = await takeLock(join(home, 'lock'), timeoutMs)
  try {
    return await work()
  } finally {
    release()
  }
}

/**
 * Takes a lock file and returns the function that gives it back. The lock of a process that is dead
 * is broken.
 */
export async function takeLock(lock: string, timeoutMs: number): Promise<() => void> {
  mkdirSync(dirname(lock), { recursive: true })
  const limit = performance.now() + timeoutMs
  while (!tryLock(lock)) {
    const holder = holderOf(lock)
    if (holder && !isAlive(holder)) breakLock(lock, holder)
    else if (performance.now() > limit) {
      throw new StackError(
        'FOLDER_BUSY',
        `Process ${holder?.pid ?? 'unknown'} holds ${lock}. Wait for it, or end it and remove the file.`
      )
    } else await wait(50)
  }
  return () => rmSync(lock, { force: true })
}

function tryLock(lock: string): boolean {
  const mine = `${lock}.${randomUUID()}`
  writeFileSync(mine, JSON.stringify(identify(process.pid)))
  try {
    // a link appears with its whole content, or not at all
    linkSync(mine, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

/**
 * Takes the file away, and puts it back when it turns out to be a newer one, of a process that
 * broke the lock before us.
 */
function breakLock(lock: string, dead: ProcessId): void {
  const aside = `${lock}.${randomUUID()}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const found = holderOf(aside)
  if (found?.pid !== dead.pid || found.bornAt !== dead.bornAt) linkSync(aside, lock)
  rmSync(aside)
}
