import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { compileTopicTemplate } from '../../core/record/topic-template.ts'
import { problemsBetween } from './check.ts'
import { FAULTS, type Fault } from './faults.ts'
import { Fleet, type Reading } from './fleet.ts'
import { spec } from './spec.ts'

export type SimulatorOptions = Options<typeof spec>

/** @throws OptionsError that lists what is wrong with these options */
export function fleetOf(options: SimulatorOptions): Fleet {
  const problems = problemsBetween(options)
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const shareOf = (fault: Fault) => (options.target === 'sparkplug' ? 0 : options[`${fault}Pct`])
  const faults = Object.fromEntries(FAULTS.map(fault => [fault, shareOf(fault)])) as Record<
    Fault,
    number
  >
  const fleet = new Fleet({ ...options, template: compileTopicTemplate(options.topic), faults })
  return fleet
}

/** How far the fleet is. */
export interface SimulationProgress {
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

  get progress(): SimulationProgress {
    return { readings: this.readings, faults: { ...this.faults } }
  }

  /**
   * Sends what is due by now. A fleet that could not send does not catch up more than a second's
   * worth.
   */
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
