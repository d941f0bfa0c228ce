import { backoffMs, pause } from '../../core/backoff.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Changes, QueueStore } from './queue-store.ts'

export interface CommitsOptions {
  /** The store cannot be written; undefined: it can again. */
  onTrouble(error: unknown): void
  /** Opens the store anew after it could not be written. */
  reopen(): Promise<QueueStore>
  /** What stands in the store beside the changes, so that what is missing later is known. */
  seal(): readonly [key: string, value: string]
}

/** Somebody who waits until what he has changed is on the disk. */
interface Waiting {
  written(): void
  /** It will not be any more. */
  failed(error: Error): void
}

/**
 * Writes changes, many of them at a time and each time all or none, with one wait for the disk for
 * everybody who waits for it.
 */
export class Commits {
  #store: QueueStore | undefined
  #changes = new Map<string, string | undefined>()
  /** Written, or being written, and not known to be on the disk. */
  #unsure = new Map<string, string | undefined>()
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  readonly #stop = new AbortController()

  constructor(private readonly options: CommitsOptions) {}

  /** Nothing is written before. */
  open(store: QueueStore): void {
    this.#store = store
    this.#begin()
  }

  /** The store that is open. */
  get store(): QueueStore | undefined {
    return this.#store
  }

  /**
   * For what is read of the store from now on: what stands under a key once everything is written
   * that was to be changed until now.
   */
  get ahead(): (key: string, value: string) => string | undefined {
    const changes = this.#changes
    const unsure = this.#unsure
    return (key, value) => {
      if (changes.has(key)) return changes.get(key)
      return unsure.has(key) ? unsure.get(key) : value
    }
  }

  /** Changes that nobody waits for, such as what needs not be kept any more. */
  change(changes: Changes): void {
    for (const [key, value] of changes) this.#changes.set(key, value)
    this.#begin()
  }

  /**
   * Calls back, in a turn of its own, once the changes are on the disk, or once it is closed and
   * they are not.
   */
  add(changes: Changes, written: () => void, failed: (error: Error) => void): void {
    if (this.#stop.signal.aborted) {
      failed(closed())
      return
    }
    this.#waiting.push({ written, failed })
    this.change(changes)
  }

  /** Resolves once they are. */
  sure(changes: Changes): Promise<void> {
    return new Promise((resolve, refuse) => this.add(changes, resolve, refuse))
  }

  /** Writes what there is, and ends. What cannot be written is given up. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#write().catch(() => {})
    for (const { failed } of this.#waiting.splice(0)) failed(closed())
    const store = this.#store
    this.#store = undefined
    await store?.close()
  }

  #begin(): void {
    if (this.#running !== undefined || this.#store === undefined) return
    if (this.#changes.size === 0 && this.#waiting.length === 0) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      if (!this.#stop.signal.aborted) this.#begin()
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    for (let attempt = 0; ; attempt++) {
      try {
        if (attempt > 0) await this.#open()
        await this.#write()
        return
      } catch (error) {
        this.options.onTrouble(error)
        await pause(backoffMs(attempt, { maxMs: 5_000 }), { signal })
        if (signal.aborted) return
      }
    }
  }

  /** What failed may have left half a line in the log of the store, which opening it puts right. */
  async #open(): Promise<void> {
    const before = this.#store
    this.#store = undefined
    await before?.close().catch(() => {})
    this.#store = await this.options.reopen()
  }

  async #write(): Promise<void> {
    if (this.#store === undefined) throw new Error('The store is not open.')
    const waiting = this.#waiting
    this.#waiting = []
    // New ones, as those who read look into these.
    if (this.#changes.size > 0) this.#unsure = merged(this.#unsure, this.#changes)
    this.#changes = new Map()
    if (this.#unsure.size === 0 && waiting.length === 0) return
    try {
      await this.#store.write(new Map([...this.#unsure, this.options.seal()]), waiting.length > 0)
    } catch (error) {
      this.#waiting = [...waiting, ...this.#waiting]
      throw error
    }
    this.#unsure = new Map()
    this.options.onTrouble(undefined)
    // Apart from what is sent meanwhile, or the tracker takes it for one message made of both.
    setImmediate(() => {
      for (const { written } of waiting) written()
    })
  }
}

function merged<Value>(before: Map<string, Value>, after: Map<string, Value>): Map<string, Value> {
  return before.size === 0 ? after : new Map([...before, ...after])
}

const closed = () => new MillraceError('CLOSED', 'The node was stopped before it was on the disk.')
