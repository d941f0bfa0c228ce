/** Processes by id: start one that outlives us, ask whether it lives, end it. Never by name. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A pid alone is not enough: the system gives it to another process some day. */
export type ProcessId = { pid: number; bornAt: string }

export type Command = {
  file: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  uid?: number
  gid?: number
}

/**
 * When the process started, as the system tells it; undefined when there is no such process, or
 * only its zombie.
 */
function birthOf(pid: number): string | undefined {
  if (process.platform === 'linux') return birthOnLinux(pid)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined
  }
  if (process.platform === 'win32') return 'unknown'
  try {
    const answer = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8'
    }).trim()
    return answer.startsWith('Z') ? undefined : answer.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}

/**
 * kill(pid, 0) succeeds for zombies too; /proc/PID/stat tells the state (field 3) and the start in
 * ticks (field 22).
 */
function birthOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // field 2 is the program's name in parentheses, and may contain both blanks and parentheses
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const isZombie = fields[0] === 'Z' || fields[0] === 'X'
    // a killed process is a zombie at once, but holds its ports until its last thread is gone
    // (field 20)
    return isZombie && Number(fields[17]) <= 1 ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** The identity of a living process, or undefined. */
export function identify(pid: number): ProcessId | undefined {
  const bornAt = birthOf(pid)
  return bornAt === undefined ? undefined : { pid, bornAt }
}

export function isAlive(id: ProcessId): boolean {
  return birthOf(id.pid) === id.bornAt
}

/**
 * Starts a process of its own group that goes on when we end, with its output in a log file (begun
 * anew).
 */
export async function launch(command: Command, logFile: string): Promise<ProcessId> {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'w')
  const { file, args, ...options } = command
  try {
    const child = spawn(file, args, { ...options, stdio: ['ignore', log, log], detached: true })
    await new Promise<void>((done, failed) => child.once('spawn', done).once('error', failed))
    child.unref()
    const pid = child.pid ?? 0
    return identify(pid) ?? { pid, bornAt: 'ended' }
  } finally {
    closeSync(log)
  }
}

/** Resolves to true once the process is gone, to false when it still lives after the limit. */
export async function ended(id: ProcessId, timeoutMs: number): Promise<boolean> {
  const limit = performance.now() + timeoutMs
  while (isAlive(id)) {
    if (performance.now() > limit) return false
    await wait(25)
  }
  return true
}

/**
 * Sends the signal, and SIGKILL when the process still lives after the limit. Returns whether it
 * went by itself.
 */
export async function end(
  id: ProcessId,
  signal: NodeJS.Signals,
  timeoutMs: number
): Promise<boolean> {
  if (!isAlive(id)) return true
  process.kill(id.pid, signal)
  if (await ended(id, timeoutMs)) return true
  process.kill(id.pid, 'SIGKILL')
  await ended(id, 5_000)
  return false
}
