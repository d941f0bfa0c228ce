import { createHash } from 'node:crypto'
import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { getter, setField } from '../../core/record/field-path.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { recordOf, textOf } from '../../core/state/answer.ts'
import type { Remembering } from '../../core/state/counted-engine.ts'
import { keyBy, partsOfKey, timeBy } from '../../core/state/keyed.ts'
import type { Drawn } from '../../core/state/time-line.ts'
import type { Memory, Turn } from '../../core/state/types.ts'
import { expectedIn, expectedOf, MAX_DEVICES } from './expected.ts'
import { checkedRules } from './logic.ts'
import { looksAtTopic, type Matcher, matcherOf, rowOf } from './matcher.ts'
import type { Met } from './met.ts'
import { isOverTime, type Rule, type RuleCondition, rowsOf, TOPIC } from './rules.ts'
import { spec } from './spec.ts'
import { spanMs } from './time-operators.ts'
import { idOf, type RuleState, type Seen, TimedRule } from './timed-rule.ts'

type RouteOptions = Options<typeof spec>

/** What is remembered of a key. */
export interface RouteState {
  /** By which settings. */
  readonly v: string
  /** Of each rule over time, by its id. */
  rules: Record<string, RuleState>
  /** The last record as JSON, and its topic, where something may happen without a record. */
  last?: string
  topic?: string
}

/**
 * A record that happens when it is due would be told before one of the same time: so what is due
 * waits for a millisecond, and is told with the time at which it was.
 */
const BEHIND_MS = 1
/** Longer records are not kept whole. */
const MAX_LAST = 64_000

/** Of a field that must hold a duration; the form has checked it. */
const msOf = (text: string): number => durationMs(text) ?? 0

/**
 * What the node remembers, and how time passes for it; undefined where no rule needs to know what
 * came before.
 * @throws OptionsError for settings that cannot be used
 */
export function routerOverTime(
  options: RouteOptions,
  met: Met
): Remembering<RouteState> | undefined {
  const rules = checkedRules(options)
  if (!rules.some(isOverTime)) return undefined
  checkTogether(options, rules)
  const outputs = rules.length + (options.otherwise ? 1 : 0) + 1
  return {
    memory: new RoutesOverTime(options, rules, met),
    clock: {
      runs: 'key',
      latenessMs: msOf(options.lateness),
      idleMs: msOf(options.idle),
      aheadMs: msOf(options.ahead),
      ordered: true
    },
    bounds: { maxKeys: options.maxKeys, maxAgeMs: msOf(options.maxAge) },
    outputs: { count: outputs, rejected: outputs - 1 },
    expected: expectedIn(options.expected),
    expectedOf: told => expectedOf(told, fieldsOf(options), options.maxKeys),
    keyedBy: JSON.stringify(fieldsOf(options)),
    note: () => met.text,
    previewMs: msOf(options.idle) + longestMs(rules) + BEHIND_MS,
    drawn: drawnOf(options, rules)
  }
}

const fieldsOf = ({ key }: RouteOptions): string[] => key.map(({ field }) => field)

const LEVELS: readonly string[] = ['gt', 'gte', 'lt', 'lte', 'between', 'on_above', 'on_below']

/** The field that the first rule over time looks at, and what it is compared with. */
function drawnOf({ key, timeField }: RouteOptions, rules: readonly Rule[]): Drawn {
  const rows = rules.filter(isOverTime).flatMap(rowsOf)
  const field = rows.find(({ field: name }) => name !== timeField && name !== TOPIC)?.field
  const levels = rows.flatMap(row =>
    row.field === field && LEVELS.includes(row.operator) ? [row.value, row.value2] : []
  )
  return {
    key: key.map(each => each.field),
    valueIn: getter(field ?? 'value'),
    levels: levels.filter(level => typeof level === 'number'),
    atClock: true,
    outputs: rules.length
  }
}

/** How long after a record something may happen because of it. */
function longestMs(rules: readonly Rule[]): number {
  const spans = rules.map(rule => {
    const missing = rowsOf(rule).filter(({ operator }) => operator === 'missing_for')
    const lasts = rule.time?.lasts === undefined ? 0 : spanMs(rule.time.lasts)
    return lasts + Math.max(0, ...missing.map(({ value }) => spanMs(value)))
  })
  return Math.max(...spans)
}

/** @throws OptionsError for settings that cannot be used together */
function checkTogether(
  { key, expected, lateness, keepIn, maxKeys }: RouteOptions,
  rules: readonly Rule[]
): void {
  const { fields, label } = spec
  const problems: string[] = []
  const devices = expectedIn(expected).length
  const most = Math.min(MAX_DEVICES, maxKeys)
  if (devices > most)
    problems.push(`${fields.expected.label}: there are ${devices}, and at most ${most} can be`)
  if (devices > 0 && key.length !== 1)
    problems.push(`${fields.expected.label}: "${fields.key.label}" must be one field then`)
  if (devices > 0 && keepIn === 'kafka')
    problems.push(`${fields.expected.label}: nobody knows in which partition one would come`)
  if (msOf(lateness) > 0 && rules.some(rule => looksAtTopic(rowsOf(rule))))
    problems.push(
      `${fields.lateness.label}: a record that waits does not keep its topic, which a rule looks at`
    )
  if (problems.length > 0) throw new OptionsError(label, problems)
}

/** A rule, and what it does with records. */
interface Route {
  readonly id: string
  /** Undefined where it needs nothing of what came before. */
  readonly timed: TimedRule | undefined
  readonly matches: Matcher | undefined
}

class RoutesOverTime implements Memory<RouteState> {
  readonly keyOf
  readonly timeOf
  readonly #routes: readonly Route[]
  readonly #version: string
  readonly #isTopical: boolean
  /** Something may happen without a record, which tells of the last one. */
  readonly #keepsLast: boolean
  /** Of the record that is looked at, or of what is due. */
  #timeMs = 0

  constructor(
    private readonly options: RouteOptions,
    rules: readonly Rule[],
    private readonly met: Met
  ) {
    const fields = fieldsOf(options)
    this.keyOf = keyBy(fields)
    this.timeOf = timeBy(options.timeField)
    this.#version = hashOf([fields, options.timeField])
    this.#isTopical = rules.some(rule => looksAtTopic(rowsOf(rule)))
    this.#keepsLast = longestMs(rules) > 0
    this.#routes = routesOf(rules, condition => this.#atTime(condition))
  }

  take(state: RouteState | undefined, record: TelemetryRecord, timeMs: number, turn: Turn) {
    const known = this.#own(state)
    const topic = this.#topicOf(record, turn)
    const seen: Seen = { record, topic, timeMs }
    this.#timeMs = timeMs
    this.met.records++
    let isPlaced = false
    for (const [output, { id, timed, matches }] of this.#routes.entries()) {
      const ruleState = timed === undefined ? undefined : this.#stateOf(known, id, timed)
      const isMet = timed === undefined ? matches!(record, topic) : timed.take(ruleState!, seen)
      if (!isMet || (isPlaced && this.options.send === 'first')) continue
      isPlaced = true
      this.met.rule(output)
      if (ruleState !== undefined) timed?.fired(ruleState, timeMs)
      turn.emit(output, record)
    }
    if (!isPlaced && this.options.otherwise) turn.emit(this.#routes.length, record)
    if (this.#keepsLast) this.#keep(known, record, topic)
    return known
  }

  /** It comes too late to be compared: rules over time are not met by it. */
  late(record: TelemetryRecord, timeMs: number, turn: Turn): void {
    const topic = this.#topicOf(record, turn)
    this.#timeMs = timeMs
    this.met.records++
    let isPlaced = false
    for (const [output, { matches }] of this.#routes.entries()) {
      if (!matches?.(record, topic) || (isPlaced && this.options.send === 'first')) continue
      isPlaced = true
      this.met.rule(output)
      turn.emit(output, record)
    }
    if (!isPlaced && this.options.otherwise) turn.emit(this.#routes.length, record)
  }

  dueMs(state: RouteState): number {
    if (state.v !== this.#version) return Number.POSITIVE_INFINITY
    let dueMs = Number.POSITIVE_INFINITY
    for (const { id, timed } of this.#routes) {
      const ruleState = state.rules[id]
      if (timed !== undefined && ruleState !== undefined)
        dueMs = Math.min(dueMs, timed.dueMs(ruleState))
    }
    return dueMs + BEHIND_MS
  }

  due(state: RouteState, dueMs: number, turn: Turn): RouteState | undefined {
    if (state.v !== this.#version) return undefined
    const timeMs = dueMs - BEHIND_MS
    const seen: Seen = { record: lastOf(state), topic: state.topic ?? '', timeMs }
    this.#timeMs = timeMs
    let isPlaced = false
    for (const [output, route] of this.#routes.entries()) {
      const { id, timed } = route
      const ruleState = state.rules[id]
      if (timed === undefined || ruleState === undefined || timed.dueMs(ruleState) > timeMs) {
        continue
      }
      if (!timed.due(ruleState, seen) || (isPlaced && this.options.send === 'first')) continue
      const missing = timed.missing(ruleState)
      if (missing === undefined && this.#isTakenBefore(output, state, seen)) continue
      isPlaced = true
      this.met.rule(output)
      timed.fired(ruleState, timeMs)
      // Each output gets one of its own: the nodes behind may change it.
      const own = lastOf(state)
      turn.emit(output, missing === undefined ? own : this.#silence(own, missing, timeMs))
    }
    return state
  }

  /** Of what is expected, and of what was known to other rules: it may be missing from now on. */
  expect(
    state: RouteState | undefined,
    key: string,
    timeMs: number,
    isExpected: boolean
  ): RouteState | null | undefined {
    // What was remembered by another key need be no device.
    if (state?.v !== this.#version && !isExpected) return state && null
    if (!this.#keepsLast) return undefined
    const known = this.#own(state)
    const begun = this.#routes.filter(({ id, timed }) => timed && known.rules[id] === undefined)
    if (begun.length === 0) return undefined
    for (const { id, timed } of begun) timed!.expect(this.#stateOf(known, id, timed!), timeMs)
    known.last ??= textOf(this.#named(key))
    return known
  }

  #named(key: string): TelemetryRecord {
    const named: TelemetryRecord = {}
    const parts = partsOfKey(key, this.options.key.length)
    for (const [at, { field }] of this.options.key.entries()) setField(named, field, parts[at])
    return named
  }

  /** Where records go to the first rule: one before has it already. */
  #isTakenBefore(output: number, state: RouteState, { record, topic }: Seen): boolean {
    if (this.options.send !== 'first') return false
    return this.#routes
      .slice(0, output)
      .some(({ id, matches }) => matches?.(record, topic) ?? state.rules[id]?.isLasting === true)
  }

  /** What tells of something that is missing, with what is known of it. */
  #silence(
    last: TelemetryRecord,
    { field, timeMs: sinceMs }: { field: string; timeMs: number },
    timeMs: number
  ): TelemetryRecord {
    const told: TelemetryRecord = {}
    for (const { field: name } of this.options.key) setField(told, name, getter(name)(last))
    setField(told, this.options.timeField, isoOf(timeMs))
    const lastTime = getter(this.options.timeField)(last)
    return Object.assign(told, {
      missing: field,
      missing_s: Math.round((timeMs - sinceMs) / 1000),
      last_seen: lastTime === undefined ? null : isoOf(sinceMs),
      ...(lastTime === undefined ? {} : { last })
    })
  }

  /** A row that looks at the time of the records looks at that of what is due as well. */
  #atTime(condition: RuleCondition): Matcher {
    const { field, operator } = condition
    if (field !== this.options.timeField || !operator.endsWith('_hours')) return rowOf(condition)
    const matches = rowOf({ ...condition, field: 'timeMs' })
    return () => matches({ timeMs: this.#timeMs }, '')
  }

  #own(state: RouteState | undefined): RouteState {
    if (state?.v === this.#version) return state
    return { v: this.#version, rules: {} }
  }

  #stateOf(state: RouteState, id: string, timed: TimedRule): RuleState {
    const known = state.rules[id]
    if (known !== undefined) return known
    // Of rules that are gone nothing is kept.
    const ids = this.#routes.map(route => route.id)
    state.rules = Object.fromEntries(
      Object.entries(state.rules).filter(([other]) => ids.includes(other))
    )
    const begun = timed.begin()
    state.rules[id] = begun
    return begun
  }

  #topicOf(record: TelemetryRecord, { message = {} }: Turn): string {
    return this.#isTopical ? topicOf(record, message) : ''
  }

  #keep(state: RouteState, record: TelemetryRecord, topic: string): void {
    const text = textOf(record)
    state.last = text.length <= MAX_LAST ? text : this.#brief(record)
    if (topic !== '') state.topic = topic
  }

  /** What tells whose record it was, and when. */
  #brief(record: TelemetryRecord): string {
    const brief: TelemetryRecord = {}
    for (const field of [...this.options.key.map(each => each.field), this.options.timeField])
      setField(brief, field, getter(field)(record))
    return textOf(brief)
  }
}

function routesOf(
  rules: readonly Rule[],
  atTime: (condition: RuleCondition) => Matcher
): readonly Route[] {
  const counts = new Map<string, number>()
  return rules.map(rule => {
    const id = idOf(rule)
    const count = counts.get(id) ?? 0
    counts.set(id, count + 1)
    const isTimed = isOverTime(rule)
    return {
      id: count === 0 ? id : `${id}${count}`,
      timed: isTimed ? new TimedRule(rule, atTime) : undefined,
      matches: isTimed ? undefined : matcherOf(rule)
    }
  })
}

const lastOf = ({ last = '{}' }: RouteState): TelemetryRecord => recordOf(last)

const hashOf = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64').slice(0, 8)

const isoOf = (ms: number): string => new Date(ms).toISOString()
