import { Checkpoints, type Patience } from './checkpoints.ts'
import { CountedEngine, type CountedOptions, type Remembering } from './counted-engine.ts'
import { SilenceMessages, type SilenceOptions } from './silence-messages.ts'
import type { StateStore } from './types.ts'

/** By which the store knows them. */
const SOURCES = 'sources'
const EXPECTED = 'expected'

/** Told once: kept, or the error that says why it was not. */
export type Kept = (error?: Error) => void

/** Where another Node-RED may take over, what is made waits for the checkpoint. */
const IMPATIENT: Patience = { factor: 3, maxMs: 200 }

export interface ShareOptions {
  readonly counting: CountedOptions
  readonly silence: SilenceOptions
  /** The store cannot be used, undefined: it can again. */
  onTrouble(error: unknown): void
  /**
   * Where after an error it is not known what the store holds: the share is of no use any more. It
   * tries again where this is absent.
   */
  onLost?(error: unknown): void
}

/**
 * What is remembered together, with the store that it is kept in: all that a node remembers, or
 * what it remembers of one partition of the input.
 */
export class StateShare<State> {
  readonly engine: CountedEngine<State>
  readonly #checkpoints: Checkpoints
  readonly #silences: SilenceMessages
  readonly #waiting = new Set<Kept>()
  readonly #sources = new Set<string>()
  #isHeardNew = false
  #isOpen = false
  /** It was to forget before the store was open. */
  #forgetsKept = false
  #isGone = false
  readonly #expected: readonly string[]
  /** Beside these, what a message has told. */
  #told: readonly string[] = []
  #isToldNew = false
  readonly #keyedBy: string
  #nowMs: () => number = Date.now
  #lostBy: Error | undefined

  constructor(remembering: Remembering<State>, options: ShareOptions) {
    const { counting, silence, onTrouble, onLost } = options
    this.engine = new CountedEngine(remembering, counting)
    this.#expected = remembering.expected ?? []
    this.#keyedBy = remembering.keyedBy ?? ''
    this.#silences = new SilenceMessages(silence)
    this.#checkpoints = new Checkpoints({
      collect: () => this.#changes(),
      onTrouble,
      ...(onLost && { onLost, patience: IMPATIENT })
    })
  }

  /** Nothing of it may be taken or sent any more. */
  get isGone(): boolean {
    return this.#isGone
  }
  get isOpen(): boolean {
    return this.#isOpen && !this.#isGone
  }

  /** The nodes that its records have come from. */
  get sources(): Iterable<string> {
    return this.#sources
  }

  /** Something of this source is in it. */
  hear(source: string): void {
    if (this.#sources.has(source)) return
    this.#sources.add(source)
    this.#isHeardNew = true
  }

  /** Takes up what was kept. */
  async open(store: StateStore, nowMs: () => number): Promise<void> {
    try {
      const kept: (readonly [key: string, value: string])[] = []
      for await (const entry of store.load()) kept.push(entry)
      if (!this.#isGone && !this.#forgetsKept) {
        this.engine.load(kept, nowMs())
        for (const [name, value] of kept) {
          this.#silences.load(name, value)
          if (name === SOURCES) for (const source of JSON.parse(value)) this.#sources.add(source)
          if (name === EXPECTED) this.#takeUpTold(value)
        }
      }
    } catch (error) {
      // The next attempt opens it again, and finds nothing of this one.
      this.engine.clear()
      await store.close().catch(() => {})
      throw error
    }
    if (this.#isGone) {
      await store.close()
      return
    }
    this.#isOpen = true
    this.#nowMs = nowMs
    this.#checkpoints.open(store)
    this.#expect()
    this.#silences.begin()
  }

  /** These are expected from now on beside those of the options, not those told before. */
  expect(told: readonly string[]): void {
    this.#told = told
    this.#isToldNew = true
    if (this.#isOpen) this.#expect()
  }

  #takeUpTold(value: string): void {
    const { by, keys } = JSON.parse(value) as { by?: string; keys?: readonly string[] }
    if (!this.#isToldNew && keys !== undefined && by === this.#keyedBy) this.#told = keys
  }

  /** Calls back once everything up to now is kept. */
  keep(kept: Kept): void {
    if (this.#lostBy !== undefined) {
      setImmediate(kept, this.#lostBy)
      return
    }
    this.#waiting.add(kept)
    this.#checkpoints.add(() => {
      if (this.#waiting.delete(kept)) kept()
    })
  }

  /**
   * A record or a list of them leaves by an output as a message of its own, which is kept until it
   * is dealt with. Gives what sends it.
   */
  prepare(output: number, payload: object): () => void {
    return this.#silences.prepare(output, payload)
  }

  /** @param isHeard whether something of this source may come again */
  forget(isHeard: (source: string) => boolean = () => true): void {
    for (const source of this.#sources) if (!isHeard(source)) this.#sources.delete(source)
    this.#isHeardNew = this.#sources.size > 0
    this.#isToldNew = this.#told.length > 0
    // What is still to be read is not taken up then.
    if (!this.#isOpen) this.#forgetsKept = true
    this.engine.clear()
    this.#silences.clear()
    this.#checkpoints.clear()
    if (this.#isOpen) this.#expect()
  }

  /** What is to come is remembered before it does. */
  #expect(): void {
    this.engine.expect([...this.#expected, ...this.#told], this.#nowMs())
  }

  /** It is another's: nothing more is kept or sent. */
  async lose(error: Error): Promise<void> {
    if (this.#isGone) return
    this.#isGone = true
    this.#lostBy = error
    this.#silences.close()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    const closed = this.#checkpoints.abandon()
    for (const kept of waiting) kept(error)
    await closed
  }

  /** Keeps what there is, and ends. */
  async close(): Promise<void> {
    this.#isGone = true
    this.#silences.close()
    await this.#checkpoints.close()
  }

  #changes(): Map<string, string | undefined> {
    const changes = this.engine.changes()
    this.#silences.changes(changes)
    if (this.#isHeardNew) changes.set(SOURCES, JSON.stringify([...this.#sources]))
    if (this.#isToldNew)
      changes.set(EXPECTED, JSON.stringify({ by: this.#keyedBy, keys: this.#told }))
    this.#isHeardNew = this.#isToldNew = false
    return changes
  }
}

/** Calls back, once, when all of these have kept what there is, or as soon as one cannot. */
export function keepIn(shares: readonly StateShare<unknown>[], kept: Kept): void {
  let left = shares.length
  let isTold = false
  if (left === 0) setImmediate(() => kept())
  for (const share of shares)
    share.keep(error => {
      left--
      if (isTold || (left > 0 && error === undefined)) return
      isTold = true
      kept(error)
    })
}

/** Fulfilled when all of these have kept what there is. @throws why one of them cannot */
export const kept = (shares: Iterable<StateShare<unknown>>): Promise<void> =>
  new Promise((resolve, reject) =>
    keepIn([...shares], error => (error === undefined ? resolve() : reject(error)))
  )
