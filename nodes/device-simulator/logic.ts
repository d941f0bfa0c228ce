import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../../core/record/topic-template.ts'
import { FAULTS, type Fault, Fleet, type Reading } from './fleet.ts'
import { spec } from './spec.ts'

export type SimulatorOptions = Options<typeof spec>

/** Fields that a topic may be made of. */
const FIELDS = ['site', 'device_type', 'device_id', 'metric']

/** @throws OptionsError that lists what is wrong with these options */
export function fleetOf(options: SimulatorOptions): Fleet {
  const problems = topicProblems(options.topic)
  const { fields } = spec
  const faults = Object.fromEntries(FAULTS.map(fault => [fault, options[`${fault}Pct`]])) as Record<Fault, number>
  if (Object.values(faults).reduce((sum, share) => sum + share, 0) > 100) problems.push('Faults: together they are more than 100 %')
  if (options.metrics.length === 0) problems.push(`${fields.metrics.label}: there must be at least one`)
  for (const { metric, min, max } of options.metrics) {
    if (min > max) problems.push(`${fields.metrics.label}: the lowest value of ${metric} is above the highest`)
  }
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const fleet = new Fleet({ ...options, template: compileTopicTemplate(options.topic), faults })
  return fleet
}

function topicProblems(topic: string): string[] {
  const { label } = spec.fields.topic
  const problems = topicTemplateProblems(topic).map(problem => `${label}: ${problem}`)
  if (problems.length > 0) return problems
  const template = compileTopicTemplate(topic)
  if (/[+#]/.test(topic)) return [`${label}: a topic to publish to has no + and #`]
  const unknown = template.fields.filter(field => !FIELDS.includes(field))
  return unknown.map(field => `${label}: there is no {${field}}; the fields are ${FIELDS.map(name => `{${name}}`).join(', ')}`)
}

/** How far the fleet is. */
export interface Progress {
  /** Readings made; each was sent once, those with the fault `duplicate` twice. */
  readonly readings: number
  readonly faults: Record<Fault, number>
}

/** Sends a reading; false if there is no room, then the same is offered again. */
export type Send = (reading: Reading) => boolean

/** Decides when which reading is sent. */
export class Simulation {
  readings = 0
  readonly faults = Object.fromEntries(FAULTS.map(fault => [fault, 0])) as Record<Fault, number>
  #due = 0
  #lastMs: number | undefined
  #next: Reading | undefined
  #copies = 0
  #end: number

  constructor(
    private readonly fleet: Fleet,
    private readonly options: { readonly ratePerSecond: number; readonly count: number },
    private readonly send: Send
  ) {
    this.#end = options.count
  }

  /** All readings asked for were made and sent. */
  get finished(): boolean {
    return this.#end > 0 && this.readings >= this.#end && this.#next === undefined
  }

  /** Goes on where it had stopped; after the end with as many again. */
  again(): void {
    if (this.finished) this.#end += this.options.count
    this.#lastMs = undefined
  }

  get progress(): Progress {
    return { readings: this.readings, faults: { ...this.faults } }
  }

  /** Sends what is due by now. A fleet that could not send does not catch up more than a second's worth. */
  tick(nowMs: number): void {
    const { ratePerSecond } = this.options
    const elapsedMs = nowMs - (this.#lastMs ?? nowMs)
    this.#lastMs = nowMs
    this.#due = Math.min(this.#due + (elapsedMs * ratePerSecond) / 1000, Math.max(1, ratePerSecond))
    while (this.#due >= 1 && this.#sendNext(nowMs)) {
      if (this.#next === undefined) this.#due--
    }
  }

  /** Sends one copy of the next reading; false if there is none or no room. */
  #sendNext(nowMs: number): boolean {
    if (this.#next === undefined) {
      if (this.finished) return false
      this.#next = this.fleet.next(nowMs)
      this.#copies = this.#next.fault === 'duplicate' ? 2 : 1
      this.readings++
      if (this.#next.fault !== undefined) this.faults[this.#next.fault]++
    }
    if (!this.send(this.#next)) return false
    if (--this.#copies === 0) this.#next = undefined
    return true
  }
}
