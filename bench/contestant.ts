/**
 * A contestant is a folder with a contestant.json: how it is started for a lane. It knows nothing
 * of the benchmark.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync
} from 'node:fs'
import { join } from 'node:path'
import { end, identify, isAlive, type ProcessId } from '../stack/process.ts'
import { treeOf, UsageTimeline } from './process-tree.ts'

/** Those that all contestants run in. */
export const LANES = ['A', 'B', 'C', 'W', 'E'] as const
/** Those that are run where they are asked for. */
export const MORE_LANES = ['http', 'influx'] as const
export type LaneName = (typeof LANES)[number] | (typeof MORE_LANES)[number]

/**
 * What every contestant finds in its environment. README.md in bench/contestants tells them one by
 * one.
 */
export interface LaneEnvironment {
  readonly MQTT_URL: string
  readonly MQTT_FILTER: string
  readonly KAFKA_BROKERS: string
  readonly TIMESCALE_URL: string
  readonly RAW_TOPIC: string
  readonly CLEAN_TOPIC: string
  readonly GROUP: string
  readonly CLIENT_ID: string
  readonly TABLE: string
  /** JSON file: device → { location }. */
  readonly META: string
  /** An empty folder for whatever it writes; kept between two starts for the same lane. */
  readonly WORK: string
  /**
   * Set where several of its processes share the work: the group of the shared MQTT subscription.
   */
  readonly MQTT_SHARE?: string
  /** Lane influx: a server of line protocol. */
  readonly INFLUX_URL?: string
  /** Lane http: where requests are answered, at /bench. */
  readonly NODE_RED_PORT?: string
}

interface ContestantFile {
  readonly title: string
  /** Run once in the folder when it has a package.json and no node_modules. */
  readonly install?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly lanes: Readonly<Partial<Record<LaneName, readonly string[]>>>
  /** Fewer records than the others get, for those who would need minutes: a rate is a rate. */
  readonly records?: Readonly<Partial<Record<LaneName, number>>>
  /** `limit`: what the machine can do at all; nobody looks whether each record arrived. */
  readonly kind?: 'limit'
}

export interface StartOptions {
  readonly log: string
  /** Flags for Node, when the command begins with `node`. */
  readonly nodeFlags?: readonly string[]
  /** Another Node than the one that runs the benchmark. */
  readonly node?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly copies?: number
}

export class Contestant {
  constructor(
    readonly name: string,
    readonly folder: string,
    readonly file: ContestantFile
  ) {}

  get isLimit(): boolean {
    return this.file.kind === 'limit'
  }

  lane(lane: LaneName): readonly string[] | undefined {
    return this.file.lanes[lane]
  }

  recordsIn(lane: LaneName, usual: number): number {
    return Math.min(this.file.records?.[lane] ?? usual, usual)
  }

  /** Installs what it needs, where it does not have it yet. */
  install(): void {
    const [file, ...args] = this.file.install ?? []
    if (!file || existsSync(join(this.folder, 'node_modules'))) return
    execFileSync(file, args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /**
   * Starts it, `copies` times (once unless told): then each has a client id and a folder of its own
   * and MQTT_SHARE names the shared subscription.
   * @throws Error when it does not take part in the lane or cannot be started
   */
  start(lane: LaneName, environment: LaneEnvironment, options: StartOptions): RunningContestant {
    const copies = options.copies ?? 1
    const pids = Array.from({ length: copies }, (_, index) => {
      if (copies === 1) return this.startOne(lane, environment, options)
      const { CLIENT_ID, WORK, GROUP } = environment
      const own = {
        ...environment,
        CLIENT_ID: `${CLIENT_ID}-${index}`,
        WORK: `${WORK}-${index}`,
        MQTT_SHARE: GROUP
      }
      return this.startOne(lane, own, options)
    })
    return new RunningContestant(pids, options.log)
  }

  private startOne(
    lane: LaneName,
    environment: LaneEnvironment,
    options: StartOptions
  ): number | undefined {
    const [file, ...args] = this.lane(lane) ?? []
    if (!file) throw new Error(`${this.name} does not take part in lane ${lane}.`)
    mkdirSync(environment.WORK, { recursive: true })
    const log = openSync(options.log, 'a')
    const node = options.node ?? process.execPath
    const command =
      file === 'node' ? [node, ...(options.nodeFlags ?? []), ...args] : [file, ...args]
    const child = spawn(command[0]!, command.slice(1), {
      cwd: this.folder,
      env: {
        ...process.env,
        ...this.file.environment,
        ...environment,
        ...options.environment,
        NODE: node
      },
      stdio: ['ignore', log, log],
      detached: true
    })
    child.on('error', () => {})
    closeSync(log)
    return child.pid
  }
}

const STOP_MS = 20_000

const running = new Set<RunningContestant>()

/** Ends all that were started here and still run: the benchmark was interrupted. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map(contestant => contestant.kill()))
}

/** A started contestant: its processes and whatever they have started. */
export class RunningContestant {
  private readonly processes: readonly ProcessId[]
  readonly usage: UsageTimeline

  constructor(
    pids: readonly (number | undefined)[],
    readonly log: string
  ) {
    this.processes = pids.map(pid => {
      const identity = pid === undefined ? undefined : identify(pid)
      if (!identity) throw new Error(`The contestant did not start; see ${log}.`)
      return identity
    })
    this.usage = new UsageTimeline(this.pids)
    running.add(this)
  }

  get pids(): number[] {
    return this.processes.map(({ pid }) => pid)
  }

  get alive(): boolean {
    return this.processes.every(isAlive)
  }

  /** SIGTERM, and SIGKILL for what is left after 20 s. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    this.usage.stop()
    await Promise.all(this.processes.map(root => endTree(root, signal)))
    running.delete(this)
  }
}

async function endTree(root: ProcessId, signal: NodeJS.Signals): Promise<void> {
  const descendants = isAlive(root) ? treeOf(root.pid).slice(1).map(identify) : []
  await end(root, signal, STOP_MS)
  await Promise.all(descendants.map(process => process && end(process, 'SIGKILL', STOP_MS)))
}

const FOLDER = join(import.meta.dirname, 'contestants')

/** All contestants, those with a contestant.json in a folder below bench/contestants. */
export function readContestants(): Contestant[] {
  return readdirSync(FOLDER)
    .filter(name => existsSync(join(FOLDER, name, 'contestant.json')))
    .map(name => {
      const folder = join(FOLDER, name)
      return new Contestant(
        name,
        folder,
        JSON.parse(readFileSync(join(folder, 'contestant.json'), 'utf8')) as ContestantFile
      )
    })
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
}

const rank = (contestant: Contestant) =>
  contestant.isLimit ? 0 : contestant.name === 'millrace' ? 2 : 1

/** Removes what a contestant has written in an earlier run. */
export function emptyFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}
