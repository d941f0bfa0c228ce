import { randomUUID } from 'node:crypto'
import { retrying } from '../../core/backoff.ts'
import type { Closing, Context } from '../../core/node/define-node.ts'
import type { ByOutput, Sorted, Transform } from '../../core/node/define-transform.ts'
import { compact } from '../../core/node/status.ts'
import { awayWords, databaseSentence, databaseWords } from '../../core/postgres/connect-errors.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { failureKind, needsPerson } from '../../core/postgres/sqlstate.ts'
import { countOf, type Message, recordsOf } from '../../core/record/message.ts'
import { storeFolder } from '../../core/state/define-memory.ts'
import { openLevelStore, removeStore } from '../../core/state/level-store.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { areCommands } from './commands.ts'
import { Devices } from './device.ts'
import { EventTime } from './event-time.ts'
import { Journal, MOST_WAITING } from './journal.ts'
import { Keeper } from './keeper.ts'
import { KnownBlocked } from './known-blocked.ts'
import { DeviceWatch, type News, type WatchedRecords } from './logic.ts'
import { EventOutbox } from './outbox.ts'
import type { Tables } from './schema.ts'
import { msOf, Silences, writeEveryMs } from './settings.ts'
import type { spec } from './spec.ts'
import { RegistryStore } from './store.ts'

const OUTPUTS = 3
const EVENTS = 1
const CLOSE_MS = 5_000
const COUNT_EVERY = 5
const LOOK_MS = 500

/** A registry in a flow: looks at the records that pass, and keeps the list behind them. */
export class Registry implements Transform {
  readonly store: RegistryStore
  readonly devices: Devices
  readonly #watch: DeviceWatch
  readonly #journal = new Journal()
  readonly #time: EventTime
  readonly #keeper: Keeper
  readonly #refused: ThrottledNotice
  readonly #unsent: ThrottledNotice
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #opened: Promise<void>
  readonly #blocked: KnownBlocked
  #away: { readonly words: string; readonly mend: boolean } | undefined
  #diskTrouble: string | undefined
  #isSingle = false
  #counted = 0
  #overflowed = 0

  constructor(
    private readonly context: Context<typeof spec>,
    private readonly database: Database,
    tables: Tables
  ) {
    const { options, node, tracker, id } = context
    this.devices = new Devices(options.maxDevices)
    this.store = new RegistryStore(database, tables)
    this.#watch = new DeviceWatch(options, this.devices)
    this.#time = new EventTime(context)
    this.#refused = new ThrottledNotice((_count, why) => node.warn(why))
    this.#unsent = new ThrottledNotice(events =>
      node.warn(`${events} events were not taken by the flow behind events, and are sent again.`)
    )
    this.#blocked = new KnownBlocked(options.unknown === 'reject')
    const outbox = new EventOutbox({
      database,
      tables,
      options,
      nodeId: id,
      tracker,
      isWired: () => context.isWired(EVENTS),
      isSingle: () => this.#isSingle,
      send: message => {
        context.metrics.out += countOf(message.payload)
        context.send([null, message, null])
      },
      failed: events => this.#unsent.add(events, ''),
      wake: () => this.#keeper.wake()
    })
    database.acquire()
    this.#timer = setInterval(() => this.#time.look(), LOOK_MS).unref()
    this.#opened = this.#open()
    this.#keeper = new Keeper({
      store: this.store,
      journal: this.#journal,
      devices: this.devices,
      outbox,
      silences: new Silences(options),
      writeEveryMs: writeEveryMs(options),
      keepEventsMs: msOf(options.keepEvents),
      reader: randomUUID(),
      clockMs: () => this.#time.nowMs,
      loaded: newestMs => {
        this.#time.begin(newestMs)
        this.#blocked.listed()
      },
      troubled: error => this.#tellAway(error),
      warn: sentence => this.#refused.add(1, sentence)
    })
  }

  readonly sort = (message: Message): Sorted | Promise<Sorted> => {
    const blocked = this.#blocked
    return blocked.isKnown ? this.#take(message) : blocked.wait().then(() => this.#take(message))
  }

  #take(message: Message): Sorted | Promise<Sorted> {
    const isCommand = areCommands(message)
    const watched = this.#watch.look(recordsOf(message.payload), Date.now(), isCommand)
    this.#isSingle = !Array.isArray(message.payload)
    if (watched.newestMs > Number.NEGATIVE_INFINITY) this.#time.heard(message, watched.newestMs)
    if (watched.news.length === 0) return sortedOf(watched)
    return this.#keep(watched.news).then(() => {
      // Of commands nothing leaves, so nobody else says that they are kept.
      if (watched.passed.length + watched.rejected.length === 0)
        this.context.tracker.confirm(message, {})
      return sortedOf(watched)
    })
  }

  /** On the disk before the message is done, whether the database is there or not. */
  async #keep(news: readonly News[]): Promise<void> {
    const kept = this.#journal.size < MOST_WAITING ? news : this.#overflow(news)
    if (kept.length === 0) return
    await retrying(() => this.#journal.add(kept), {
      signal: this.#stop.signal,
      backoff: { maxMs: 5_000 },
      onRetry: error => this.#tellDisk(error)
    })
    this.#diskTrouble = undefined
    this.#keeper.wake()
  }

  /**
   * Of devices the last state is still written, and what lies between is no event. Gives what
   * somebody wants of them, which is few and must not be lost.
   */
  #overflow(news: readonly News[]): News[] {
    return news.filter(each => {
      if ('command' in each) return true
      this.#overflowed++
      const device = this.devices.get(each.seen.id)
      if (device === undefined) return false
      device.pending--
      this.devices.soil(device)
      return false
    })
  }

  async #open(): Promise<void> {
    try {
      const store = await retrying(() => openLevelStore(storeFolder(this.context)), {
        signal: this.#stop.signal,
        backoff: { maxMs: 5_000 },
        onRetry: error => this.#tellDisk(error)
      })
      this.#diskTrouble = undefined
      for (const id of await this.#journal.open(store)) this.#knowBlocked(id)
      this.#blocked.remembered()
      this.#keeper.wake()
    } catch (error) {
      this.#tellDisk(error)
    }
  }

  /** What the table says counts more. */
  #knowBlocked(id: string): void {
    if (this.#keeper.isLoaded) return
    const device = this.devices.place(id)
    if (device !== undefined && device.dueMs === 0) device.approval = 'blocked'
  }

  #tellDisk(error: unknown): void {
    if (this.#diskTrouble === undefined) this.context.node.warn((error as Error).message)
    this.#diskTrouble = 'disk: STATE_UNAVAILABLE'
  }

  #tellAway(error: unknown): void {
    const { node } = this.context
    if (error === undefined) {
      if (this.#away !== undefined) node.log('The registry can be written again.')
      this.#away = undefined
      return
    }
    // Lost against another the list is read again at once.
    if (failureKind(error) !== 'busy') this.#blocked.unreadable()
    const mend = needsPerson(error)
    const words = failureKind(error) === 'away' ? awayWords(error) : databaseWords(error)
    if (this.#away?.words !== words)
      node.warn(
        `The registry cannot be written: ${databaseSentence(error, this.database.place)} ${this.#meanwhile()}`
      )
    this.#away = { words, mend }
  }

  #meanwhile(): string {
    return this.context.options.unknown === 'reject' && !this.#keeper.isLoaded
      ? 'Records wait, since it is not known who is approved.'
      : 'Records pass meanwhile, and what happens is kept.'
  }

  /** Looked at once a second, for the status. */
  readonly problem = (): string | { readonly mend: string } | undefined => {
    if (this.#counted++ % COUNT_EVERY === 0) this.#count()
    if (this.#diskTrouble !== undefined) return { mend: this.#diskTrouble }
    if (this.#away !== undefined)
      return this.#away.mend ? { mend: this.#away.words } : this.#away.words
    if (this.#blocked.isAwaited) return 'reads the list'
    if (this.devices.turnedAway > 0) return { mend: 'devices at most: full' }
    return undefined
  }

  readonly note = (): string => {
    const news = this.context.metrics.gauges.get('new devices') ?? 0
    const devices = `${compact(this.devices.size)} devices`
    return news > 0 ? `${devices}, ${compact(news)} new` : devices
  }

  #count(): void {
    const counts = { new: 0, online: 0 }
    for (const device of this.devices.all()) {
      if (device.approval === 'new') counts.new++
      if (device.isOnline) counts.online++
    }
    const { gauges } = this.context.metrics
    gauges.set('devices', this.devices.size)
    gauges.set('new devices', counts.new)
    gauges.set('devices online', counts.online)
    gauges.set('devices not listed', this.devices.turnedAway + this.#watch.unlisted)
    gauges.set('registry waiting', this.#journal.size)
    gauges.set('events not told', this.#overflowed)
  }

  /** What the dialog asks for comes into the list, and this Node-RED knows it at once. */
  async command(news: readonly News[]): Promise<void> {
    for (const { id, approval } of await this.store.apply(news)) {
      const device = this.devices.get(id)
      if (device !== undefined) device.approval = approval
    }
    this.#keeper.wake()
  }

  async end(closing: Closing): Promise<void> {
    await this.#keeper.close(CLOSE_MS)
    clearInterval(this.#timer)
    this.#stop.abort()
    await this.#opened
    this.#refused.end()
    this.#unsent.end()
    await this.#journal.close().catch(() => {})
    await this.database.release()
    if (closing === 'deleted') await removeStore(storeFolder(this.context))
  }
}

const sortedOf = ({ passed, rejected, commands }: WatchedRecords): Sorted => {
  const outputs: ByOutput = [passed, [], rejected]
  return { outputs: outputs.slice(0, OUTPUTS), filtered: commands }
}
