import { backoffMs, pause } from '../../core/backoff.ts'
import { reasonOf } from '../../core/errors.ts'
import { failureKind } from '../../core/postgres/sqlstate.ts'
import type { StoredDevice } from './applied.ts'
import type { Device, Devices } from './device.ts'
import { seenOf } from './facts.ts'
import type { Journal } from './journal.ts'
import type { News } from './logic.ts'
import type { EventOutbox } from './outbox.ts'
import type { Silences } from './settings.ts'
import type { ChangePlace, RegistryStore } from './store.ts'

const TICK_MS = 200
const POLL_MS = 2_000
const BEAT_MS = 5_000
const ALIVE_MS = 60_000
const PRUNE_MS = 600_000
const READ_MS = 600_000
const PAGE = 5_000
const BATCH = 1_000
/** So many batches, then the rest has its turn: a flood of news keeps nothing else up. */
const BATCHES_A_TURN = 10
const OUTAGE = { initialMs: 200, maxMs: 5_000 }

export interface KeeperOptions {
  readonly store: RegistryStore
  readonly journal: Journal
  readonly devices: Devices
  readonly outbox: EventOutbox
  readonly silences: Silences
  readonly writeEveryMs: number
  readonly keepEventsMs: number
  /** Tells this Node-RED from the others that keep the list. */
  readonly reader: string
  /** How far event time has come; undefined: nothing is known of it. */
  clockMs(): number | undefined
  /** The list is there, its newest record is of this time. */
  loaded(newestMs: number): void
  /** The database cannot be used; undefined: it can again. Told at each try. */
  troubled(error: unknown): void
  warn(sentence: string): void
}

/** Brings what happens into the table, and what others have done out of it, turn after turn. */
export class Keeper {
  #isPrepared = false
  #isLoaded = false
  #since = ''
  #blocked = ''
  readonly #next = { poll: 0, beat: 0, prune: 0, read: 0 }
  readonly #closing = new AbortController()
  #asleep = new AbortController()
  readonly #ended: Promise<void>

  constructor(private readonly options: KeeperOptions) {
    this.#ended = this.#run()
  }

  /** A short silence is noticed soon. */
  get #beatMs(): number {
    return Math.min(BEAT_MS, Math.max(1_000, this.options.silences.shortestMs / 4))
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  /** There is something to do. */
  wake(): void {
    this.#asleep.abort()
  }

  /** Writes what it still can. */
  async close(limitMs: number): Promise<void> {
    this.#closing.abort()
    this.wake()
    await Promise.race([this.#ended, pause(limitMs, { unref: true })])
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      this.#asleep = new AbortController()
      try {
        await this.#turn()
        failures = 0
        this.options.troubled(undefined)
        await pause(TICK_MS, { signal: this.#asleep.signal, unref: true })
      } catch (error) {
        this.options.troubled(error)
        if (failureKind(error) === 'setting') this.#isPrepared = false
        await pause(backoffMs(failures++, OUTAGE), { signal: this.#closing.signal, unref: true })
      }
    }
    await this.#leave().catch(() => {})
  }

  async #turn(): Promise<void> {
    const { store, keepEventsMs, outbox } = this.options
    if (!this.#isPrepared) await store.prepare()
    this.#isPrepared = true
    if (!this.#isLoaded || this.#isTime('read', READ_MS)) await this.#read()
    if (await this.#drain(BATCHES_A_TURN)) this.wake()
    await this.#writeDue(performance.now())
    if (this.#isTime('poll', POLL_MS)) await this.#poll()
    if (this.#isTime('beat', this.#beatMs)) await this.#sweep()
    await outbox.turn()
    if (this.#isTime('prune', PRUNE_MS)) await store.prune(keepEventsMs)
  }

  #isTime(what: 'poll' | 'beat' | 'prune' | 'read', everyMs: number): boolean {
    const nowMs = performance.now()
    if (nowMs < this.#next[what]) return false
    this.#next[what] = nowMs + everyMs
    return true
  }

  /** Reads the whole list: at the start, and now and then, since nobody tells what was deleted. */
  async #read(): Promise<void> {
    const { store, devices, loaded } = this.options
    const mark = await store.mark()
    const before = [...devices.all()]
    const ids = new Set<string>()
    let newestMs = Number.NEGATIVE_INFINITY
    // Those that are blocked must be known, whatever has no place.
    for (const isBlocked of [true, false])
      for (let after = ''; ; ) {
        const page = await store.page(after, PAGE, isBlocked)
        for (const each of page) {
          this.#take(each)
          ids.add(each.id)
          newestMs = Math.max(newestMs, each.seen.lastMs ?? newestMs)
        }
        if (page.length < PAGE || ids.size > devices.most) break
        after = page.at(-1)!.id
      }
    if (ids.size <= devices.most) devices.keepOnly(before, ids)
    if (!this.#isLoaded) loaded(newestMs)
    this.#since = mark
    this.#isLoaded = true
    this.#isTime('read', READ_MS)
    await this.#keepBlocked()
  }

  /** What the table says of a device. */
  #take({ id, approval, seen }: StoredDevice): void {
    const { devices, writeEveryMs } = this.options
    const device = devices.place(id)
    if (device === undefined) return
    device.approval = approval
    device.join(seen)
    // Spread, so that devices that came together are not all written in the same second.
    if (device.dueMs === 0) device.dueMs = performance.now() + Math.random() * writeEveryMs
  }

  /** Whether there is more to do. */
  async #drain(most: number): Promise<boolean> {
    const { journal, devices } = this.options
    for (let batches = 0; batches < most; batches++) {
      const entries = journal.oldest(BATCH)
      if (entries.length === 0) return false
      await this.#apply(entries.map(({ news }) => news))
      await journal.remove(entries.length)
      for (const { news, isOld } of entries) if (!isOld) settle(devices, news)
    }
    return true
  }

  /** What the table refuses for itself is found, told, and keeps up nothing else. */
  async #apply(news: readonly News[]): Promise<void> {
    const { store, warn } = this.options
    try {
      for (const each of await store.apply(news)) this.#take(each)
    } catch (error) {
      if (failureKind(error) !== 'poison') throw error
      if (news.length > 1) for (const each of news) await this.#apply([each])
      else warn(`The table refuses a device, which is not listed: ${reasonOf(error)}`)
    }
  }

  async #writeDue(nowMs: number): Promise<void> {
    const { devices, writeEveryMs } = this.options
    for (;;) {
      const due = devices.takeDue(nowMs, BATCH)
      if (due.length === 0) return
      try {
        await this.#apply(due.map(({ id, facts }) => ({ seen: seenOf(id, facts) })))
      } catch (error) {
        for (const device of due) devices.soil(device)
        throw error
      }
      for (const device of due) device.dueMs = nowMs + writeEveryMs
      if (due.length < BATCH) return
    }
  }

  async #poll(): Promise<void> {
    const { store } = this.options
    const mark = await store.mark()
    let after: ChangePlace | undefined
    do {
      const { devices, last } = await store.changes(this.#since, after, PAGE)
      for (const each of devices) this.#take(each)
      after = devices.length < PAGE ? undefined : last
    } while (after !== undefined)
    this.#since = mark
    await this.#keepBlocked()
  }

  /** For a start while the database is away. */
  async #keepBlocked(): Promise<void> {
    const ids: string[] = []
    for (const { id, approval } of this.options.devices.all())
      if (approval === 'blocked') ids.push(id)
    const text = ids.join('\n')
    if (text === this.#blocked) return
    await this.options.journal.keepBlocked(ids)
    this.#blocked = text
  }

  async #sweep(): Promise<void> {
    const { store, silences, reader, devices, clockMs } = this.options
    const slowestMs = await store.beat(reader, clockMs(), ALIVE_MS)
    if (!Number.isFinite(slowestMs) || !Number.isFinite(silences.shortestMs)) return
    for (let isMore = true; isMore; ) {
      const swept = await store.sweep(slowestMs, silences, id => {
        const device = devices.get(id)
        if (device === undefined) return { id }
        return device.pending > 0 ? undefined : seenOf(id, device.facts)
      })
      for (const each of swept.devices) this.#take(each)
      isMore = swept.isMore
    }
  }

  async #leave(): Promise<void> {
    if (!this.#isLoaded) return
    await this.#drain(Number.POSITIVE_INFINITY)
    await this.#writeDue(Number.POSITIVE_INFINITY)
    await this.options.store.leave(this.options.reader)
  }
}

/** The table has it. */
function settle(devices: Devices, news: News): void {
  if (!('seen' in news)) return
  const device: Device | undefined = devices.get(news.seen.id)
  if (device !== undefined && device.pending > 0) device.pending--
}
