import type { Directory } from './directory.ts'
import type { Metadata } from './metadata.ts'

/** Asks the source for several devices at once; what it does not know is missing in the answer. */
export type Lookup = (keys: readonly string[]) => Promise<ReadonlyMap<string, Metadata>>

export interface CacheOptions {
  readonly ttlMs: number
  /** How long a device counts as unknown; short, so that a new device is found soon. */
  readonly unknownTtlMs: number
  readonly maxEntries: number
  /** Told when refreshing fails (with the error) and when it works again (with undefined). */
  readonly onRefresh: (problem: unknown) => void
}

interface Entry {
  readonly metadata: Metadata | null
  staleMs: number
}

/** How long a failed refresh is left alone. */
const RETRY_MS = 5000

/**
 * Remembers what a source said. A known device that has become stale is still used while it is asked for again in the background,
 * so that neither a lookup nor a source that is away holds up records; only devices that are not known have to be waited for.
 */
export class CachedDirectory implements Directory {
  readonly #entries = new Map<string, Entry>()
  readonly #stale = new Set<string>()
  #refreshing = false
  #closed = false

  constructor(
    private readonly lookup: Lookup,
    private readonly options: CacheOptions
  ) {}

  peek(key: string, nowMs: number): Metadata | null | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (nowMs < entry.staleMs) return entry.metadata
    if (entry.metadata === null) return undefined
    this.#refreshSoon(key, entry, nowMs)
    return entry.metadata
  }

  async find(keys: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Metadata>> {
    const found = await this.lookup(keys)
    for (const key of keys) this.#keep(key, found.get(key) ?? null, nowMs)
    return found
  }

  close(): void {
    this.#closed = true
    this.#stale.clear()
  }

  #keep(key: string, metadata: Metadata | null, nowMs: number): void {
    const { ttlMs, unknownTtlMs, maxEntries } = this.options
    this.#entries.delete(key)
    if (this.#entries.size >= maxEntries) this.#entries.delete(this.#entries.keys().next().value!)
    this.#entries.set(key, { metadata, staleMs: nowMs + (metadata === null ? unknownTtlMs : ttlMs) })
  }

  #refreshSoon(key: string, entry: Entry, nowMs: number): void {
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
      if (keys.length > 0) await this.find(keys, nowMs)
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
