import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { type Get, getter, setter } from '../../core/record/field-path.ts'
import { inherit, type TelemetryRecord } from '../../core/record/record.ts'
import { textOf } from '../../core/state/answer.ts'
import type { Remembering } from '../../core/state/counted-engine.ts'
import { keyBy, TIMELESS, timeBy } from '../../core/state/keyed.ts'
import type { Drawn } from '../../core/state/time-line.ts'
import type { Memory, Turn } from '../../core/state/types.ts'
import { type Commanded, commandOf, isCommand } from './commands.ts'
import { type AlarmCondition, conditionOf, numberOf } from './condition.ts'
import { type AlarmEvent, eventOf, type Said } from './event.ts'
import { AlarmFigures } from './figures.ts'
import { type AlarmOptions, checkTogether, msOf } from './settings.ts'
import { type AlarmState, isChattering, isSuppressed, noteRaise } from './state.ts'

/** Where no record comes, delays and silences are over so long after they are by event time. */
const IDLE_MS = 1_000

/**
 * What the node remembers, and how time passes for it.
 * @throws OptionsError for settings that cannot be used together
 */
export function alarm(options: AlarmOptions): Remembering<AlarmState> {
  checkTogether(options)
  const figures = new AlarmFigures()
  return {
    memory: new Alarms(options, figures),
    note: () => figures.note,
    gauges: () => figures.gauges,
    clock: {
      runs: 'key',
      latenessMs: 0,
      idleMs: IDLE_MS,
      aheadMs: msOf(options.ahead),
      // An alarm does not wait for records that may come late.
      ordered: false
    },
    bounds: { maxKeys: options.maxKeys, maxAgeMs: msOf(options.maxAge) },
    drawn: drawnOf(options)
  }
}

function drawnOf(options: AlarmOptions): Drawn {
  const { limit } = conditionOf(options)
  // Those of the devices differ.
  const isOwn = hasOwnLimits(options)
  return {
    key: options.key.map(({ field }) => field),
    valueIn: getter(options.valueField),
    levels: isOwn ? [] : [limit].flat().filter(each => typeof each === 'number'),
    saysOf: ({ event }) => String(event)
  }
}

/** When something happens to an alarm, and by what. */
interface Moment {
  readonly timeMs: number
  readonly turn: Turn
  /** The reading or command; absent where time alone does it. */
  readonly record?: TelemetryRecord
  readonly said?: Said
}

/** The alarms of one node, one a key. */
class Alarms implements Memory<AlarmState> {
  readonly keyOf
  readonly #readingTime
  readonly #timeIn
  readonly #valueIn
  readonly #limitIn: Get | undefined
  readonly #condition: AlarmCondition
  readonly #onMs: number
  readonly #offMs: number
  readonly #pauseMs: number
  readonly #silenceMs: number

  constructor(
    private readonly options: AlarmOptions,
    private readonly figures: AlarmFigures
  ) {
    this.keyOf = keyBy(options.key.map(({ field }) => field))
    this.#readingTime = timeBy(options.timeField)
    this.#timeIn = getter(options.timeField)
    this.#valueIn = getter(options.valueField)
    this.#limitIn = hasOwnLimits(options) ? getter(options.limitField) : undefined
    this.#condition = conditionOf(options)
    const isSilence = options.when === 'silent'
    this.#onMs = isSilence ? 0 : msOf(options.onDelay)
    this.#offMs = isSilence ? 0 : msOf(options.offDelay)
    this.#pauseMs = msOf(options.pause)
    this.#silenceMs = isSilence ? msOf(options.silence) : Number.POSITIVE_INFINITY
  }

  /** A command may have no time: it is given now, which is what the clock of its alarm says. */
  timeOf(record: TelemetryRecord) {
    const isTimeless = isCommand(record) && this.#timeIn(record) === undefined
    return isTimeless ? TIMELESS : this.#readingTime(record)
  }

  take(state: AlarmState | undefined, record: TelemetryRecord, timeMs: number, turn: Turn) {
    if (isCommand(record)) return this.#command(state, record, timeMs, turn)
    const value = this.#valueIn(record)
    const limit = this.#limitOf(record)
    const isMet =
      limit === null ? undefined : this.#condition.isMet(value, state?.isMet ?? false, limit)
    if (limit === null || isMet === undefined) {
      const { limitField, valueField } = this.options
      turn.reject(limit === null ? noLimit(limitField) : notWatched(valueField))
      return state
    }
    const known = state ?? this.#begin(record, timeMs)
    // An older record says nothing of now.
    if (timeMs < known.newestMs) return known
    turn.absorb()
    known.newestMs = timeMs
    if (isMet !== known.isMet) Object.assign(known, { isMet, sinceMs: timeMs })
    known.value = kept(value)
    if (limit === undefined) delete known.limit
    else known.limit = limit
    if (isMet && known.isActive) known.peak = this.#condition.peakOf(known.peak, known.value)
    this.#settle(known, { timeMs, turn, record })
    return known
  }

  /** Of this device; undefined where that of all counts, null for what is no number. */
  #limitOf(record: TelemetryRecord): number | undefined | null {
    const given = this.#limitIn?.(record) ?? undefined
    return given === undefined ? undefined : (numberOf(given) ?? null)
  }

  dueMs(state: AlarmState): number | undefined {
    return Math.min(this.#nextMs(state), state.shelvedUntilMs ?? Number.POSITIVE_INFINITY)
  }

  due(state: AlarmState, timeMs: number, turn: Turn): AlarmState | undefined {
    if (!this.#isOwn(state)) return undefined
    if (state.shelvedUntilMs !== undefined && state.shelvedUntilMs <= timeMs)
      this.#heed(state, { timeMs, turn }, 'unshelved')
    if (this.#isSilent(state, timeMs)) Object.assign(state, { isMet: true, sinceMs: timeMs })
    this.#settle(state, { timeMs, turn })
    return state
  }

  /** It was begun by the key that is set now: by another it tells of what is no alarm any more. */
  #isOwn({ fields }: AlarmState): boolean {
    const own: TelemetryRecord = {}
    for (const { field } of this.options.key) {
      const value = getter(field)(fields)
      if (value === undefined) return false
      setter(field)(own, value)
    }
    return textOf(own) === textOf(fields)
  }

  #begin(record: TelemetryRecord, timeMs: number): AlarmState {
    const fields: TelemetryRecord = {}
    for (const { field } of this.options.key) setter(field)(fields, kept(getter(field)(record)))
    return {
      fields,
      newestMs: timeMs,
      isMet: false,
      sinceMs: timeMs,
      isActive: false,
      isTold: false,
      isAcknowledged: false,
      startMs: timeMs,
      raises: []
    }
  }

  /** When the alarm changes if nothing more comes. */
  #nextMs(state: AlarmState): number {
    const { isMet, isActive, sinceMs, raisedMs, newestMs } = state
    if (isMet && !isActive)
      return Math.max(sinceMs + this.#onMs, (raisedMs ?? -Infinity) + this.#pauseMs)
    if (!isMet && isActive) return sinceMs + this.#offMs
    return isMet ? Number.POSITIVE_INFINITY : newestMs + this.#silenceMs
  }

  #isSilent({ isMet, newestMs }: AlarmState, timeMs: number): boolean {
    return !isMet && timeMs >= newestMs + this.#silenceMs
  }

  /** Raises the alarm, or lets it return, if its time has come. */
  #settle(state: AlarmState, moment: Moment): void {
    if (state.isMet === state.isActive || this.#nextMs(state) > moment.timeMs) return
    if (state.isMet) this.#raise(state, moment)
    else this.#return(state, moment)
  }

  #raise(state: AlarmState, moment: Moment): void {
    const { timeMs } = moment
    const isFirst = state.raisedMs === undefined
    Object.assign(state, { isActive: true, isAcknowledged: false, raisedMs: timeMs })
    noteRaise(state, timeMs)
    // Nobody heard that it had returned: it is the same alarm, which goes on.
    if (state.isReturnUntold) {
      delete state.isReturnUntold
      state.peak = this.#condition.peakOf(state.peak, state.value)
      return
    }
    // Two alarms that began at the same time would have the same id.
    state.startMs = isFirst ? timeMs : Math.max(timeMs, state.startMs + 1)
    state.isTold = false
    state.peak = state.value
    this.#tell(state, moment, 'raised')
  }

  #return(state: AlarmState, moment: Moment): void {
    state.isActive = false
    const wasTold = state.isTold
    if (!this.options.acknowledge) state.isAcknowledged = true
    if (wasTold && isSuppressed(state)) state.isReturnUntold = true
    else if (wasTold) this.#tell(state, moment, 'returned')
    if (!wasTold || (state.isAcknowledged && !state.isReturnUntold)) this.#end(state)
  }

  /** Nothing of it is open any more. */
  #end(state: AlarmState): void {
    state.isTold = false
    state.isAcknowledged = false
    delete state.isReturnUntold
    delete state.peak
  }

  #command(state: AlarmState | undefined, record: TelemetryRecord, timeMs: number, turn: Turn) {
    const commanded = commandOf(record)
    if ('code' in commanded) turn.reject(commanded)
    // Nothing was ever heard of it: there is no alarm to which this could be done.
    else if (state !== undefined) {
      turn.absorb()
      const { said } = commanded
      const nowMs = Math.max(timeMs, state.newestMs, turn.clockMs)
      this.#obey(state, { timeMs: nowMs, turn, record, said }, commanded)
    }
    return state
  }

  #obey(state: AlarmState, moment: Moment, { command, forMs }: Commanded): void {
    const longestMs = msOf(this.options.longestShelf)
    if (command === 'acknowledge') this.#acknowledge(state, moment)
    else if (command === 'shelve') {
      state.shelvedUntilMs = moment.timeMs + Math.min(forMs ?? longestMs, longestMs)
      this.#emit(state, moment, 'shelved')
    } else if (command === 'out-of-service') {
      state.isOutOfService = true
      this.#emit(state, moment, 'out-of-service')
    } else if (command === 'unshelve' && state.shelvedUntilMs !== undefined)
      this.#heed(state, moment, 'unshelved')
    else if (command === 'in-service' && state.isOutOfService)
      this.#heed(state, moment, 'in-service')
  }

  #acknowledge(state: AlarmState, moment: Moment): void {
    if (!state.isTold || state.isAcknowledged) return
    state.isAcknowledged = true
    // What a person does is told, also while nobody is to be disturbed.
    this.#emit(state, moment, 'acknowledged')
    if (!state.isActive && !state.isReturnUntold) this.#end(state)
  }

  /** It is watched again; what happened to it meanwhile is told now. */
  #heed(state: AlarmState, moment: Moment, event: 'unshelved' | 'in-service'): void {
    if (event === 'unshelved') delete state.shelvedUntilMs
    else delete state.isOutOfService
    this.#emit(state, moment, event)
    if (isSuppressed(state)) return
    if (state.isActive && !state.isTold) this.#tell(state, moment, 'raised')
    if (state.isActive || !state.isReturnUntold) return
    delete state.isReturnUntold
    this.#tell(state, moment, 'returned')
    if (state.isAcknowledged) this.#end(state)
  }

  #tell(state: AlarmState, moment: Moment, event: AlarmEvent): void {
    if (isSuppressed(state)) return
    state.isTold = true
    this.#emit(state, moment, event)
    if (event !== 'raised') return
    const key = JSON.stringify(state.fields)
    this.figures.raised(key, isChattering(state))
  }

  /**
   * Each event of an alarm is later than the one before: its id and this time tell it apart. None
   * is before the alarm's start, to which a silence can have led ahead of the records.
   */
  #emit(state: AlarmState, { timeMs, turn, record, said }: Moment, event: AlarmEvent): void {
    const eventMs = Math.max(timeMs, state.startMs, (state.lastEventMs ?? -Infinity) + 1)
    state.lastEventMs = eventMs
    const told = eventOf(this.options, this.#condition, state, event, eventMs, said)
    turn.emit(0, inherit(record, told))
  }
}

const hasOwnLimits = ({ when, limitField }: AlarmOptions): boolean =>
  limitField !== '' && (when === 'above' || when === 'below')

const noLimit = (field: string) =>
  ({
    code: 'VALUE_UNUSABLE',
    message: `The field ${field}, which has the limit of the device, is no number.`,
    path: field
  }) as const

/** What a state can hold, and so a store. */
const kept = (value: unknown) => (isExactNumber(value) ? String(value) : value)

const notWatched = (field: string) =>
  ({
    code: 'VALUE_UNUSABLE',
    message: `The field ${field} is missing, or is nothing that can be compared with the limit.`,
    path: field
  }) as const
