import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { NodeAPI } from 'node-red'
import { reasonOf } from '../errors.ts'

/**
 * A source that begins so often at the same record, as nobody before it came to an orderly end,
 * goes on carefully.
 */
const CAREFUL_FROM = 3
/** A record is set aside once Node-RED has ended so often while it alone was in the flow. */
const KILLS_FROM = 2
/** Whoever lives so long with a record on trial is not killed by it: it waits for something. */
const SURVIVED_MS = 10_000

export interface TrialsOptions {
  readonly nodeId: string
  /** Of Node-RED; nothing is remembered where absent. */
  readonly userDir: string | undefined
  warn(sentence: string): void
}

interface Trial {
  /** Says which record it is, over the end of the process. */
  readonly id: string
  /** With those behind it that are in the flow too; absent where it is alone. */
  readonly records?: number
  /** How often Node-RED ended, not in order, while this record alone was in the flow. */
  readonly deaths: number
  /** It is in the flow. */
  readonly isOpen: boolean
  /** Node-RED ended while several were in the flow, and one of them may be why. */
  readonly isSuspect?: boolean
  /** So many times the source has begun since then, and has not got to it. */
  readonly missed?: number
}

interface Lane {
  /** The first record that the source took. */
  readonly at: string
  readonly starts: number
  readonly trial?: Trial | undefined
  /** The place that the flow was done with all before, as it was noted last. */
  readonly furthest?: string | undefined
}

/** How a source begins with a lane. */
export interface Beginning {
  /** Few records at a time, each of these by `enter`. */
  readonly isCareful: boolean
  readonly starts: number
  /**
   * The first record that was on trial when Node-RED ended: the flow was done with those before it,
   * and none of them has killed. They are not durable for that: a sink may have gathered them.
   */
  readonly reached: string | undefined
  /** So many from there on, that one included, were on trial together and may have ended it. */
  readonly suspects: number
  /** The flow of those who began at the same record was done with all before this place. */
  readonly furthest: string | undefined
}

const ORDERLY: Beginning = {
  isCareful: false,
  starts: 1,
  reached: undefined,
  suspects: 0,
  furthest: undefined
}

/**
 * What the trials of all sources of the process share: the records of one lane at a time, or nobody
 * could tell which one killed.
 */
interface Turn {
  holder: object | undefined
  readonly waiting: Set<() => void>
}
const TURN = Symbol.for('millrace.trial.turn')

function sharedTurn(): Turn {
  const shared = globalThis as { [TURN]?: Turn }
  shared[TURN] ??= { holder: undefined, waiting: new Set() }
  return shared[TURN]
}

/**
 * The last defence against a record that kills or freezes Node-RED, and comes again after each
 * start since it is not acknowledged. Remembers in a file where a source began. An orderly end
 * removes the file; so what a source finds there is of a predecessor that was killed. Costs one
 * small write a start and lane, and two a record while a source is careful.
 */
export class Trials {
  readonly #file: string | undefined
  readonly #lanes: Map<string, Lane>
  /**
   * As they were found; a lane may be begun several times in the life of one process, which is one
   * start.
   */
  readonly #before: ReadonlyMap<string, Lane>
  readonly #turn = sharedTurn()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** Our lanes as holders of the turn. */
  readonly #holders = new Map<string, object>()
  #isTold = false
  #ended = false

  constructor(private readonly options: TrialsOptions) {
    const { userDir, nodeId } = options
    this.#file =
      userDir === undefined
        ? undefined
        : join(userDir, 'millrace', 'starts', `${encodeURIComponent(nodeId)}.json`)
    this.#before = this.#load()
    this.#lanes = new Map(this.#before)
  }

  /** The source takes its first record of the lane. */
  begin(name: string, at: string): Beginning {
    if (this.#ended) return ORDERLY
    const before = this.#before.get(name)
    const isSame = before?.at === at
    const starts = isSame ? before.starts + 1 : 1
    // Where the records came from another place meanwhile, this one has nothing to say of it.
    const furthest = isSame ? before.furthest : undefined
    const trial = before?.trial === undefined ? undefined : soughtAgain(before.trial)
    this.#lanes.set(name, { at, starts, trial, furthest })
    this.#save()
    const isCareful = starts >= CAREFUL_FROM || before?.trial !== undefined
    const suspects = trial?.isSuspect ? (trial.records ?? 1) : 0
    return { isCareful, starts, reached: trial?.id, suspects, furthest }
  }

  /**
   * The flow is done with all before this place, though the source may not have acknowledged it. To
   * be told now and then: what kills lies behind it.
   */
  further(name: string, place: string): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined || this.#ended) return
    this.#lanes.set(name, { ...lane, furthest: place })
    this.#save()
  }

  /**
   * This record is about to go into the flow, alone or with those behind it. Undefined if others
   * are on trial: `free` is called when that is over. Else how often it has killed, which is 0
   * until it is sure.
   */
  enter(name: string, id: string, free: () => void, records = 1): number | undefined {
    const holder = this.#holders.get(name) ?? {}
    this.#holders.set(name, holder)
    if (this.#turn.holder !== undefined && this.#turn.holder !== holder) {
      this.#turn.waiting.add(free)
      return undefined
    }
    this.#turn.holder = holder
    const known = this.#lanes.get(name)?.trial
    const deaths = known?.id === id && records === 1 ? known.deaths : 0
    const kills = deaths >= KILLS_FROM
    this.#note(name, { id, deaths, isOpen: !kills, ...(records > 1 && { records }) })
    clearTimeout(this.#timers.get(name))
    this.#timers.set(name, setTimeout(() => this.survived(name), SURVIVED_MS).unref())
    return kills ? deaths : 0
  }

  /**
   * What is on trial is still in the flow, which has answered or waits for a service: whatever ends
   * the process now, it is none of these records.
   */
  survived(name: string): void {
    const trial = this.#lanes.get(name)?.trial
    if (trial?.isOpen) this.#note(name, { ...trial, deaths: 0, isOpen: false })
    this.#leave(name)
  }

  /** The flow is done with what is on trial, or it is not ours any more. */
  passed(name: string): void {
    if (this.#lanes.get(name)?.trial !== undefined) this.#note(name, undefined)
    this.#leave(name)
  }

  /** The source comes to an orderly end: whatever is at work here, no record has killed it. */
  end(): void {
    for (const name of this.#holders.keys()) this.#leave(name)
    this.#lanes.clear()
    this.#ended = true
    if (this.#file !== undefined) rmSync(this.#file, { force: true })
  }

  #leave(name: string): void {
    clearTimeout(this.#timers.get(name))
    if (this.#turn.holder === undefined || this.#turn.holder !== this.#holders.get(name)) return
    this.#turn.holder = undefined
    const waiting = [...this.#turn.waiting]
    this.#turn.waiting.clear()
    for (const free of waiting) setImmediate(free)
  }

  #note(name: string, trial: Trial | undefined): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined) return
    this.#lanes.set(name, { ...lane, trial })
    this.#save()
  }

  /**
   * Renamed into its place, so that whoever is killed meanwhile leaves the old one or the new one.
   */
  #save(): void {
    if (this.#file === undefined) return
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#lanes)))
      renameSync(`${this.#file}.new`, this.#file)
    } catch (error) {
      if (!this.#isTold)
        this.options.warn(
          `A record that kills Node-RED would not be recognised after the next start: ${reasonOf(error)}`
        )
      this.#isTold = true
    }
  }

  #load(): Map<string, Lane> {
    if (this.#file === undefined) return new Map()
    try {
      const found = JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, Lane>
      return new Map(
        Object.entries(found).map(([name, lane]) => [name, { ...lane, trial: ended(lane.trial) }])
      )
    } catch {
      return new Map()
    }
  }
}

/** Where Node-RED keeps what is its own; absent in tests that have no runtime. */
export const userDirOf = (RED: NodeAPI): string | undefined =>
  (RED.settings as { userDir?: string } | undefined)?.userDir

/** A trial that was open when the process ended. */
function ended(trial: Trial | undefined): Trial | undefined {
  if (!trial?.isOpen) return trial
  const { id, deaths, records } = trial
  return records === undefined
    ? { id, deaths: deaths + 1, isOpen: false }
    : { id, records, deaths: 0, isOpen: false, isSuspect: true }
}

/**
 * Something else may kill on the way to it, such as what was not on trial; then the search begins
 * anew with the first record.
 */
function soughtAgain(trial: Trial): Trial | undefined {
  const missed = (trial.missed ?? 0) + 1
  return missed > CAREFUL_FROM ? undefined : { ...trial, missed }
}

export interface KillsReason {
  readonly code: 'RECORD_KILLS'
  readonly message: string
}

/**
 * For the log, when a source begins to be careful.
 *
 * @param isByFew more go on together as they pass; else one at a time
 */
export const carefulSentence = (starts: number, where: string, isByFew = false): string => {
  if (starts < CAREFUL_FROM)
    return `Node-RED ended, not in order, while ${isByFew ? 'one record or few' : 'one record'} of ${where} ${isByFew ? 'were' : 'was'} in the flow. They go on one at a time.`
  const pace = isByFew ? 'few at a time, the first record by itself' : 'one record at a time'
  return `Node-RED was started ${starts} times without getting past the same record of ${where}, and never ended in order. What was on its way then goes on ${pace}, to find the one that kills it.`
}

/** Why a record is a dead letter. */
export const killsReason = (deaths: number): KillsReason => ({
  code: 'RECORD_KILLS',
  message: `Node-RED was killed or froze ${deaths} times while this record alone was in the flow, so it was set aside.`
})
