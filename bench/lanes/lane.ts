import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import mqtt from 'mqtt'
import type { Count, Window } from '../arrivals.ts'
import {
  type Contestant,
  emptyFolder,
  type LaneEnvironment,
  type LaneName,
  type RunningContestant
} from '../contestant.ts'
import { benchHome, environmentOf, type Field } from '../field.ts'
import { PROBE, payloadOf, type Shape, topicOf } from '../fleet.ts'
import type { Job } from '../publisher/messages.ts'

/** What a lane is run with. */
export interface Setting {
  readonly field: Field
  readonly shape: Shape
  readonly partitions: number
  readonly records: Readonly<Record<'A' | 'B' | 'C' | 'W' | 'http' | 'influx', number>>
  /** Lane E: records a second, one stage after the other, and how long each takes. */
  readonly rates: readonly number[]
  readonly rateSeconds: number
  /** At each rate, records of so many seconds come before those that are measured. */
  readonly leadSeconds: number
  /** Records that go before the first stage, and at which rate: just-in-time compilation. */
  readonly warmUp: { readonly perSecond: number; readonly seconds: number }
  readonly publishers: number
  readonly copies: number
  readonly node?: string
  readonly nodeFlags: readonly string[]
  readonly onProgress: (done: number, total: number) => void
}

/** One line of the table. A result with a problem or a missing record is no result. */
export interface Result {
  readonly lane: LaneName | 'rates'
  /** What lanes A and E distinguish, e.g. `backlog drained` or `5,000/s`. */
  readonly variant: string
  readonly contestant: string
  readonly limit: boolean
  readonly records: number
  readonly perSecond: number
  /** User and system time of all its processes, microseconds a record. */
  readonly cpuMicros: number
  /** The same with the MQTT server, Kafka and PostgreSQL; only where all are ours. */
  readonly systemMicros?: number
  readonly peakMb: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly missing: number
  readonly doubled: number
  readonly problem?: string
  /** Lane E: from the first publish to the last commit, in ms since 1970. */
  readonly window?: { readonly fromMs: number; readonly toMs: number }
  /** How long the publisher took and what it cost, where one was running. */
  readonly publisher?: { readonly seconds: number; readonly cpuMicros: number }
}

/** One contestant in one lane: its names, its log, and what has to be cleared away afterwards. */
export class Start {
  readonly environment: LaneEnvironment
  readonly log: string
  private running: RunningContestant | undefined

  constructor(
    readonly setting: Setting,
    readonly contestant: Contestant,
    readonly lane: LaneName
  ) {
    this.environment = environmentOf(
      setting.field,
      `${contestant.name}-${lane.toLowerCase()}`,
      setting.shape
    )
    emptyFolder(this.environment.WORK)
    mkdirSync(join(benchHome, 'log'), { recursive: true })
    this.log = join(benchHome, 'log', `${contestant.name}-${lane}.log`)
    appendFileSync(this.log, `--- ${setting.field.run}\n`)
  }

  start(environment: Partial<LaneEnvironment> = {}): RunningContestant {
    const { node, nodeFlags, copies } = this.setting
    const options = {
      log: this.log,
      nodeFlags,
      copies,
      environment: this.more(),
      ...(node ? { node } : {})
    }
    this.running = this.contestant.start(
      this.lane,
      { ...this.environment, ...environment },
      options
    )
    return this.running
  }

  private more(): Record<string, string> {
    const { shape, records } = this.setting
    return {
      ...(this.contestant.isLimit && this.lane !== 'E'
        ? { RECORDS: String(records[this.lane]) }
        : {}),
      ...(shape.values > 1 ? { VALUES: String(shape.values) } : {})
    }
  }

  /** The contestant as it was started last. */
  get current(): RunningContestant {
    if (!this.running) throw new Error(`${this.contestant.name} was not started.`)
    return this.running
  }

  /** Stops it and removes what the lane has made in the services. */
  async clear(): Promise<void> {
    await this.running?.stop()
    const { field, copies } = this.setting
    const { CLIENT_ID, RAW_TOPIC, CLEAN_TOPIC, GROUP, TABLE } = this.environment
    const clients =
      copies === 1
        ? [CLIENT_ID]
        : Array.from({ length: copies }, (_, index) => `${CLIENT_ID}-${index}`)
    if (this.lane === 'A' || this.lane === 'E')
      for (const client of clients) await field.forgetSession(client)
    await field.topics.delete([RAW_TOPIC, CLEAN_TOPIC])
    await field.topics.deleteGroups(GROUP)
    await field.table(TABLE).drop()
  }
}

export interface Waiting {
  /** How much is there by now. */
  readonly size: () => Promise<number>
  readonly expected: number
  readonly running: RunningContestant
  readonly onProgress: (done: number) => void
  /** Gives up when nothing has come for so long. */
  readonly stallMs?: number
  /** Gives up after so long in any case. */
  readonly limitMs?: number
  readonly pollMs?: number
}

const POLL_MS = 250
/**
 * Nothing more may come for so long: a contestant that sends twice reaches the number before it has
 * sent everything.
 */
const QUIET_MS = 1_500
const STALL_MS = 45_000

/**
 * Resolves when as much as expected is there and no more comes, or when it has stalled: the count
 * afterwards tells which.
 */
export async function arrived({
  size,
  expected,
  running,
  onProgress,
  stallMs = STALL_MS,
  limitMs = Number.POSITIVE_INFINITY,
  pollMs = POLL_MS
}: Waiting): Promise<void> {
  let seen = 0
  const startedMs = performance.now()
  let changedMs = startedMs
  for (;;) {
    const now = await size()
    if (now !== seen) changedMs = performance.now()
    seen = now
    onProgress(Math.min(seen, expected))
    const quietMs = performance.now() - changedMs
    if (seen >= expected && quietMs > QUIET_MS) return
    if (quietMs > stallMs || (!running.alive && quietMs > QUIET_MS)) return
    if (performance.now() - startedMs > limitMs) return
    await wait(pollMs)
  }
}

const PROBE_EVERY_MS = 500
const READY_MS = 60_000

/**
 * Publishes a probe until its trace is seen at the far end, and then nothing more comes: the
 * contestant is ready.
 * @throws Error when it is not ready in time
 */
export async function probeUntilReady(
  start: Start,
  running: RunningContestant,
  size: () => Promise<number>
): Promise<void> {
  const { field, shape } = start.setting
  const client = await mqtt.connectAsync(field.services.mqtt.url, { protocolVersion: 5 })
  const limit = performance.now() + READY_MS
  try {
    while ((await size()) === 0) {
      if (!running.alive) throw new Error(`The contestant ended; see ${start.log}.`)
      if (performance.now() > limit)
        throw new Error(`Nothing came through within ${READY_MS / 1000} s; see ${start.log}.`)
      await client.publishAsync(topicOf(0), payloadOf(PROBE, Date.now(), shape), { qos: 1 })
      await wait(PROBE_EVERY_MS)
    }
  } finally {
    await client.endAsync()
  }
  await arrived({ size, expected: 1, running, onProgress: () => {} })
}

export function job(
  start: Start,
  part: Pick<Job, 'from' | 'count' | 'firstMs'> & Partial<Job>
): Job {
  const { field, shape, publishers } = start.setting
  return {
    url: field.services.mqtt.url,
    clientId: `${field.run}-publisher`,
    shape,
    stampTime: false,
    window: field.publishWindow,
    connections: publishers,
    ...part
  }
}

/** Far in the past, so that no record of a lane lies in the future. */
export const firstTime = (): number => Date.now() - 6 * 3_600_000

/** The numbers of records that warm a lane up; beyond every record that counts. */
export const WARM_UP_FROM = 100_000_000

/**
 * After this share of the prepared records the clock starts: connecting and just-in-time
 * compilation are behind.
 */
export const WARM_UP_SHARE = 0.1

export function result(
  start: Start,
  window: Window,
  count: Count,
  more: Partial<Result> & { variant: string; records: number }
): Result {
  const { usage } = start.current
  const seconds = (window.toMs - window.fromMs) / 1000
  return {
    lane: start.lane,
    contestant: start.contestant.name,
    limit: start.contestant.isLimit,
    perSecond: seconds > 0 ? window.records / seconds : 0,
    cpuMicros: usage.cpuMicros(window.fromMs, window.toMs) / Math.max(window.records, 1),
    peakMb: usage.peakRssBytes / 1024 / 1024,
    ...count,
    ...(count.missing > 0 && !start.contestant.isLimit
      ? {
          problem: `${count.missing.toLocaleString('en')} of ${more.records.toLocaleString('en')} missing`
        }
      : {}),
    ...more
  }
}
