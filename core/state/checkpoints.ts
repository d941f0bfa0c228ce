import { backoffMs, pause } from '../backoff.ts'
import type { StateStore } from './types.ts'

/** How long a checkpoint lets others join. */
export interface Patience {
  /** So many times as long as the last one took. */
  readonly factor: number
  readonly maxMs: number
}
/** A record costs the less the more of them share a checkpoint: most of it is written per key. */
const PATIENT: Patience = { factor: 8, maxMs: 300 }
/** Nothing new for so long: whoever sends waits for this checkpoint. */
const QUIET_MS = 20

export interface CheckpointsOptions {
  /** What changed since the last call. */
  collect(): Map<string, string | undefined>
  /** It cannot be written; undefined: it can again. */
  onTrouble(error: unknown): void
  /** It is not known what was written, and nothing more is: told once. It tries again without. */
  onLost?(error: unknown): void
  readonly patience?: Patience
}

/**
 * Writes checkpoints, one at a time, each for everybody who waits when it begins. The less often
 * they have to be written, the less a record costs: so the next one waits a little where the last
 * one took long.
 */
export class Checkpoints {
  #store: StateStore | undefined
  #waiting: (() => void)[] = []
  #unwritten = new Map<string, string | undefined>()
  #running: Promise<void> | undefined
  readonly #stop = new AbortController()
  #tookMs = 0
  #isCleared = false

  constructor(private readonly options: CheckpointsOptions) {}

  /** Nothing is written before. */
  open(store: StateStore): void {
    this.#store = store
    this.#begin()
  }

  /** Calls back, in a turn of its own, once everything up to now is on the disk. */
  add(kept: () => void): void {
    this.#waiting.push(kept)
    this.#begin()
  }

  /** The store forgets everything before the next checkpoint. */
  clear(): void {
    this.#isCleared = true
    this.#unwritten.clear()
    this.add(() => {})
  }

  /** Writes what there is, and ends. What could not be written is given up. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    if (this.#store !== undefined) await this.#write(this.#store).catch(() => {})
    await this.#store?.close()
    this.#store = undefined
  }

  /** Writes nothing more. */
  async abandon(): Promise<void> {
    this.#stop.abort()
    const store = this.#store
    this.#store = undefined
    await this.#running
    await store?.close()
  }

  #begin(): void {
    if (this.#running !== undefined || this.#store === undefined || this.#waiting.length === 0)
      return
    this.#running = this.#run(this.#store).finally(() => {
      this.#running = undefined
      if (!this.#stop.signal.aborted) this.#begin()
    })
  }

  async #run(store: StateStore): Promise<void> {
    const { signal } = this.#stop
    await this.#gather(signal)
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#write(store)
        return
      } catch (error) {
        this.options.onTrouble(error)
        if (this.options.onLost !== undefined) {
          this.#stop.abort()
          this.options.onLost(error)
          return
        }
        await pause(backoffMs(attempt), { signal })
        if (signal.aborted) return
      }
    }
  }

  /** Ends before its time where nothing comes any more, as from a source that may send no more. */
  async #gather(signal: AbortSignal): Promise<void> {
    const { factor, maxMs } = this.options.patience ?? PATIENT
    const untilMs = performance.now() + Math.min(maxMs, this.#tookMs * factor)
    for (let seen = 0; seen < this.#waiting.length && !signal.aborted; ) {
      const restMs = untilMs - performance.now()
      if (restMs <= 0) return
      seen = this.#waiting.length
      await pause(Math.min(restMs, QUIET_MS), { signal })
    }
  }

  async #write(store: StateStore): Promise<void> {
    const beganMs = performance.now()
    const waiting = this.#waiting
    this.#waiting = []
    try {
      if (this.#isCleared) await store.clear()
      this.#isCleared = false
      for (const [key, value] of this.options.collect()) this.#unwritten.set(key, value)
      await store.write(this.#unwritten)
    } catch (error) {
      this.#waiting = [...waiting, ...this.#waiting]
      throw error
    }
    this.#unwritten.clear()
    this.#tookMs = performance.now() - beganMs
    this.options.onTrouble(undefined)
    // Apart from what is sent meanwhile, or the tracker takes it for one message made of both.
    setImmediate(() => {
      for (const kept of waiting) kept()
    })
  }
}
