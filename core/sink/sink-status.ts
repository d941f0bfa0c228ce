import type { Holdup } from '../node/define-transform.ts'
import { backAfter } from '../node/outage.ts'
import { Rate } from '../node/rate.ts'
import { fitting, refusedTexts } from '../node/show-rate.ts'
import { compact, MAX_TEXT, SILENT_MS, type Status } from '../node/status.ts'
import type { SinkTrouble } from './types.ts'

/** What the sink is like at the moment. */
export interface SinkState {
  readonly waitingRecords: number
  readonly oldestMs: number
  /** Grows with what has been dealt with. */
  readonly done: number
  readonly rejected: number
  /** Of what the sink itself has rejected. */
  readonly leadingCode?: string | undefined
  readonly duplicates: number
}

/** Of a sink: what it says while all is well, and what it waits for. */
export interface SinkWords {
  progress?(perSecond: number): string
  waitsFor?(): Holdup | undefined
}

/** What a node that stores records says of itself while all is well. */
export function storedText(
  stored: number,
  refused: Parameters<typeof refusedTexts>[0],
  perSecond: number
): string {
  const rate = perSecond >= 0.5 ? `${compact(perSecond)}/s · ` : ''
  const done = `${compact(stored)} stored`
  const texts = refusedTexts(refused)
  if (texts.length === 0) return `${rate}${done}`
  return fitting([
    ...texts.map(text => `${rate}${done} · ${text}`),
    ...texts.map(text => `${done} · ${text}`),
    ...texts
  ])
}

export interface SinkLog {
  warn(sentence: string): void
  log(sentence: string): void
}

/**
 * Tells on the canvas and in the log how the service of a sink is: each trouble once, and when it
 * is over.
 */
export class SinkStatus {
  #isConnecting = true
  #trouble: SinkTrouble | undefined
  #sinceMs = 0
  #told = ''
  readonly #rate = new Rate()

  constructor(
    private readonly status: Status,
    private readonly log: SinkLog,
    private readonly service: string,
    private readonly state: () => SinkState
  ) {
    status.waiting('connecting')
  }

  get isDown(): boolean {
    return this.#trouble !== undefined
  }

  up(words: SinkWords): void {
    if (this.#trouble) this.log.log(backAfter(this.service, performance.now() - this.#sinceMs))
    this.#isConnecting = false
    this.#trouble = undefined
    this.#told = ''
    this.show(words)
  }

  down(trouble: SinkTrouble, words: SinkWords): void {
    if (!this.#trouble) this.#sinceMs = performance.now()
    this.#trouble = trouble
    const topic = trouble.topic ?? trouble.sentence
    if (topic !== this.#told) this.log.warn(trouble.sentence)
    this.#told = topic
    this.show(words)
  }

  show(words: SinkWords): void {
    const { status } = this
    const state = this.state()
    const trouble = this.#trouble
    if (trouble?.mend) status.failed(waitingText(state.waitingRecords, trouble.words))
    else if (trouble) status.waiting(waitingText(state.waitingRecords, trouble.words))
    else {
      const reason = words.waitsFor ? words.waitsFor() : silence(state.oldestMs)
      if (typeof reason === 'object') status.failed(waitingText(state.waitingRecords, reason.mend))
      else if (reason !== undefined) status.waiting(waitingText(state.waitingRecords, reason))
      else if (this.#isConnecting) status.waiting(waitingText(state.waitingRecords, 'connecting'))
      else status.healthy(this.#healthy(state, words))
    }
  }

  #healthy(state: SinkState, words: SinkWords): string {
    const perSecond = this.#rate.of(state.done)
    return words.progress ? words.progress(perSecond) : rateText(perSecond, state)
  }
}

/** An answer that has not come for so long is waited for; undefined before. */
export const silence = (oldestMs: number): string | undefined =>
  oldestMs >= SILENT_MS ? `no answer for ${Math.round(oldestMs / 1000)} s` : undefined

/**
 * What the status says while nothing can be stored. Where both are too long the reason is first:
 * the end is cut.
 */
export function waitingText(records: number, why: string): string {
  if (records === 0) return why
  const count = compact(records)
  const text = `${count} waiting · ${why}`
  return text.length <= MAX_TEXT ? text : `${why} · ${count} wait`
}

function rateText(perSecond: number, state: SinkState): string {
  const texts = refusedTexts(state)
  const rate = `${compact(perSecond)}/s`
  const repeated = state.duplicates > 0 ? ` · ${compact(state.duplicates)} repeated` : ''
  if (texts.length === 0) return `${rate}${repeated}`
  return fitting([
    ...texts.map(text => `${rate} · ${text}${repeated}`),
    ...texts.map(text => `${rate} · ${text}`),
    ...texts
  ])
}
