import { KeyRefusal, type Known, type Lookup } from './answer.ts'
import type { Directory, Finder } from './directory.ts'
import { Inquiry, type Source } from './inquiry.ts'
import type { Metadata } from './metadata.ts'

export interface CacheOptions {
  readonly ttlMs: number
  /**
   * How long a device counts as unknown, or is not asked for again; short, so that what changes is
   * found soon.
   */
  readonly unknownTtlMs: number
  /** Of devices that are known, and as many that are not. */
  readonly maxEntries: number
  /** Told when refreshing fails (with the error) and when it works again (with undefined). */
  readonly onRefresh: (problem: unknown) => void
  /** Told when the source fails for a device while it answers for others. */
  readonly onRefused?: (key: string, why: string) => void
  /** Devices of messages that wait, a few of those that `not` does not hold for. */
  readonly waiting?: (not: (key: string) => boolean) => readonly string[]
}

interface Entry<K extends Known> {
  readonly known: K
  staleMs: number
}

/** How long a failed refresh is left alone. */
const RETRY_MS = 5000
/**
 * So many of the devices that were answered last are asked when it is in doubt whether the source
 * answers at all.
 */
const WITNESSES = 3
/** Longer names are of no device; without a bound a sender could fill the memory with them. */
const MAX_KEY_LENGTH = 1024
const TOO_LONG = new KeyRefusal(`its name has more than ${MAX_KEY_LENGTH} characters`)

/**
 * Remembers what a source said. A known device that has become stale is still used while it is
 * asked for again in the background, so that neither a lookup nor a source that is away holds up
 * records; only devices that are not known have to be waited for.
 */
export class CachedDirectory implements Directory {
  readonly #known = new Map<string, Entry<Metadata>>()
  /** Apart from the others, which a sender of made-up names must not drive out. */
  readonly #without = new Map<string, Entry<KeyRefusal | null>>()
  #witnesses: readonly string[] = []
  readonly #stale = new Set<string>()
  #refreshing = false
  #closed = false

  constructor(
    private readonly lookup: Lookup,
    private readonly options: CacheOptions
  ) {}

  peek(key: string, nowMs: number): Known | undefined {
    const entry = this.#known.get(key)
    if (entry === undefined) return this.#peekWithout(key, nowMs)
    if (nowMs >= entry.staleMs) this.#refreshSoon(key, entry, nowMs)
    return entry.known
  }

  finder(keys: readonly string[], now: () => number): Finder {
    const inquiry = new Inquiry(keys, this.#source(now))
    return () => inquiry.run()
  }

  close(): void {
    this.#closed = true
    this.#stale.clear()
  }

  #peekWithout(key: string, nowMs: number): KeyRefusal | null | undefined {
    if (key.length > MAX_KEY_LENGTH) return TOO_LONG
    const entry = this.#without.get(key)
    if (entry === undefined || nowMs < entry.staleMs) return entry?.known
    // Who fails may take long to fail: while it is asked for again, the others do not wait for it.
    if (entry.known === null || nowMs >= entry.staleMs + this.options.unknownTtlMs) return undefined
    this.#refreshSoon(key, entry, nowMs)
    return entry.known
  }

  #source(now: () => number): Source {
    return {
      lookup: this.lookup,
      keep: (key, known) => this.#keep(key, known, now()),
      others: not => ({
        answered: this.#witnesses.filter(key => !not(key)),
        waiting: this.options.waiting?.(key => not(key) || key.length > MAX_KEY_LENGTH) ?? []
      })
    }
  }

  #keep(key: string, known: Known, nowMs: number): void {
    if (known === null || known instanceof KeyRefusal) {
      this.#keepWithout(key, known, nowMs)
      return
    }
    this.#without.delete(key)
    put(this.#known, key, { known, staleMs: nowMs + this.options.ttlMs }, this.options.maxEntries)
    if (!this.#witnesses.includes(key))
      this.#witnesses = [key, ...this.#witnesses].slice(0, WITNESSES)
  }

  #keepWithout(key: string, known: KeyRefusal | null, nowMs: number): void {
    const { unknownTtlMs, maxEntries, onRefused } = this.options
    if (known !== null && !this.#closed) onRefused?.(key, known.why)
    const before = this.#known.get(key)
    const staleMs = nowMs + unknownTtlMs
    if (known !== null && before !== undefined) {
      // What it said before still counts.
      before.staleMs = staleMs
      return
    }
    this.#known.delete(key)
    put(this.#without, key, { known, staleMs }, maxEntries)
  }

  #refreshSoon(key: string, entry: Entry<Known>, nowMs: number): void {
    // counts as fresh until the answer is there, so that it is asked for once
    entry.staleMs = nowMs + RETRY_MS
    this.#stale.add(key)
    if (this.#refreshing) return
    this.#refreshing = true
    // after this batch, so that all its stale devices are asked for at once
    setImmediate(() => this.#refresh(nowMs))
  }

  async #refresh(nowMs: number): Promise<void> {
    const keys = [...this.#stale]
    this.#stale.clear()
    try {
      if (keys.length > 0) await this.finder(keys, () => nowMs)()
      if (!this.#closed) this.options.onRefresh(undefined)
    } catch (problem) {
      if (!this.#closed) this.options.onRefresh(problem)
    } finally {
      this.#refreshing = false
    }
    if (this.#stale.size > 0 && !this.#closed) {
      this.#refreshing = true
      setImmediate(() => this.#refresh(nowMs))
    }
  }
}

/** Puts an entry at the end; what has been longest at its place gives way. */
function put<K extends Known>(
  entries: Map<string, Entry<K>>,
  key: string,
  entry: Entry<K>,
  maxEntries: number
): void {
  entries.delete(key)
  if (entries.size >= maxEntries) entries.delete(entries.keys().next().value!)
  entries.set(key, entry)
}
