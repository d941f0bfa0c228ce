import {
  type Context,
  compact,
  type HeldPart,
  type PassedPart,
  reasonOf,
  retrying
} from '@millrace/node-red-telemetry'
import { ArchiveLog, type Entry, logFolder } from '../../core/archive-log.ts'
import type { ArchiveStore } from '../../core/archive-store.ts'
import { Chunk } from './chunk.ts'
import { type Written, writeChunk } from './chunk-writer.ts'
import { Lane } from './lane.ts'
import type { Plan } from './logic.ts'
import type { LaneOf } from './lost-lanes.ts'
import type { spec } from './spec.ts'
import type { Gathered } from './spill.ts'
import type { SinkTroubles } from './troubles.ts'

/** Whoever has not ended an upload in this time is gone. */
const LEFT_MS = 3_600_000
/** Of rows that are not written to the disk yet. */
const MAX_WAITING = 32 << 20
/** Of somebody else who has begun to write the same records, how often it is asked for. */
const PATIENCE: Patience = { everyMs: 2_000, lateAfter: 60, aloneAfter: 300 }
/** Chunks that are made files at a time. */
const MAX_WRITING = 3

/** How long is waited for somebody else: times that the store says it has not ended. */
export interface Patience {
  readonly everyMs: number
  /** Then a person is told. */
  readonly lateAfter: number
  /** Then it is gone, and what can still be read is written. */
  readonly aloneAfter: number
}

export interface LanesOptions {
  readonly context: Context<typeof spec>
  readonly store: ArchiveStore
  readonly plan: Plan
  readonly folder: string
  readonly troubles: SinkTroubles
  readonly signal: AbortSignal
  readonly patience?: Patience
}

/** A partition that a source has now, and what becomes of it. */
interface OpenLane {
  readonly lane: Lane
  readonly source: string
  /** Chunks that are whole, one after the other. */
  readonly whole: Chunk[]
  readonly stop: AbortController
  isWriting: boolean
  /** It is read again from what was committed: nothing of it is written any more. */
  isGivenBack: boolean
  /** How often its first chunk has waited for somebody else, and when it is looked at again. */
  waited: number
  againMs: number
}

/** The partitions that come, each by itself. */
export class Lanes {
  readonly #lanes = new Map<string, OpenLane>()
  readonly #writing = new Set<Promise<void>>()
  readonly #gathered: Gathered = { waiting: 0, written: 0 }
  #archived = 0
  #files = 0
  #diskFails = false

  constructor(private readonly options: LanesOptions) {}

  /** Says early whether the store serves, and ends what dead processes have left behind. */
  async begin(): Promise<void> {
    const { store, plan, signal, troubles } = this.options
    const look = async () => (await store.open()).endUploads(`-${plan.name.archive}.`, LEFT_MS)
    await retrying(look, { ...RETRIES, signal, onRetry: error => troubles.fails(error) }).then(
      () => troubles.works(),
      () => undefined
    )
  }

  /** Opens it where it is new. */
  of(source: string, name: string): Lane {
    const key = keyOf(source, name)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known.lane
    const open = this.#open(source, name)
    this.#lanes.set(key, open)
    void this.#load(open)
    return open.lane
  }

  /** It is not ours any more: another member reads it, from where it was committed. */
  drop(source: string, name: string): void {
    const key = keyOf(source, name)
    const open = this.#lanes.get(key)
    if (open === undefined) return
    this.#lanes.delete(key)
    this.#end(open)
  }

  passed(part: PassedPart, held: HeldPart): boolean {
    const open = this.#lanes.get(keyOf(part.source, part.lane))
    if (open === undefined) return false
    const isHeld = open.lane.passed(part, held)
    this.#relieve(chunksOf(open))
    return isHeld
  }

  look(): void {
    for (const { lane } of this.#lanes.values()) lane.look()
    this.#relieve(this.#chunks)
    this.#gauge()
  }

  /** Nothing more may be taken. */
  get isFull(): boolean {
    if (this.#diskFails) return true
    const { diskMb } = this.options.context.options
    return this.#gathered.written >= diskMb * 1e6 && this.#canFree
  }

  /** Where all that is gathered ends with somebody else's range, that must come in to be ended. */
  get #canFree(): boolean {
    for (const { whole, lane } of this.#lanes.values())
      if (whole.length > 0 || lane.canClose) return true
    return false
  }

  progress(perSecond: number): string {
    const gathered = this.#records
    const rate = `${compact(perSecond)}/s`
    const files = this.#files === 0 ? '' : ` · ${compact(this.#files)} files`
    return gathered === 0 ? `${rate}${files}` : `${rate} · ${compact(gathered)} gathered${files}`
  }

  /** Until what is being written is, for so long at most. */
  async written(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise(resolve => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([late, Promise.all(this.#writing)])
    clearTimeout(timer)
  }

  /**
   * Gives the partitions that rows are lost of: what is gathered, and what waits behind a message
   * that is under way. They must be read again.
   */
  end(): LaneOf[] {
    const lost: LaneOf[] = []
    for (const open of this.#lanes.values()) {
      const { source, lane, whole } = open
      if (whole.length > 0 || lane.hasRows)
        lost.push({ source, lane: `${lane.topic}/${lane.partition}` })
      this.#end(open)
    }
    this.#lanes.clear()
    return lost
  }

  get #chunks(): Chunk[] {
    return [...this.#lanes.values()].flatMap(chunksOf)
  }
  get #records(): number {
    return this.#chunks.reduce((sum, { records }) => sum + records, 0)
  }

  #open(source: string, name: string): OpenLane {
    const { context, plan, folder, store } = this.options
    const slash = name.lastIndexOf('/')
    const [topic, partition] = [name.slice(0, slash), Number(name.slice(slash + 1))]
    const by = `${process.pid}-${context.id}-${performance.timeOrigin}`
    const log = new ArchiveLog(store, logFolder(plan.name.archive, topic, partition), by)
    const { maxMb, everyMin } = context.options
    const open: OpenLane = {
      source,
      whole: [],
      stop: new AbortController(),
      isWriting: false,
      isGivenBack: false,
      waited: 0,
      againMs: 0,
      lane: new Lane({
        topic,
        partition,
        log,
        maxSize: maxMb * 1e6,
        maxAgeMs: everyMin * 60_000,
        newChunk: first => new Chunk(first, folder, plan.header, this.#gathered),
        onWhole(chunk) {
          open.whole.push(chunk)
        }
      })
    }
    return open
  }

  async #load({ lane, stop }: OpenLane): Promise<void> {
    const signal = AbortSignal.any([stop.signal, this.options.signal])
    const onRetry = (error: unknown) => this.options.troubles.fails(error)
    try {
      await retrying(() => lane.log.load(), { ...RETRIES, signal, onRetry })
      lane.isReady = true
      this.options.troubles.works()
    } catch {
      // It is not ours any more.
    }
  }

  #end({ lane, whole, stop }: OpenLane): void {
    stop.abort()
    this.options.troubles.waitsNoMore(lane)
    lane.end()
    for (const chunk of whole) chunk.remove()
    whole.length = 0
  }

  /** What was gathered goes to the disk now and then, and to the store where there is too much. */
  #relieve(some: readonly Chunk[]): void {
    const hadFailed = this.#diskFails
    const isMuch = this.#gathered.waiting > MAX_WAITING
    try {
      for (const chunk of isMuch || hadFailed ? this.#chunks : some) chunk.flush(isMuch)
      this.#diskFails = false
      if (hadFailed) this.options.troubles.works()
    } catch (error) {
      this.#diskFails = true
      this.options.troubles.fails(error)
    }
    if (this.isFull) for (const { lane } of this.#lanes.values()) lane.closeNow()
    this.#writeOn()
  }

  #writeOn(): void {
    if (this.options.signal.aborted) return
    for (const open of this.#lanes.values()) {
      const [chunk] = open.whole
      if (open.isWriting || open.isGivenBack || chunk === undefined) continue
      if (open.againMs > performance.now()) continue
      if (this.#writing.size >= MAX_WRITING) return
      open.isWriting = true
      const writing = this.#write(open, chunk).finally(() => {
        open.isWriting = false
        this.#writing.delete(writing)
        this.#writeOn()
      })
      this.#writing.add(writing)
    }
  }

  /** Until it is written or not ours any more: whatever fails is tried again after a pause. */
  async #write(open: OpenLane, chunk: Chunk): Promise<void> {
    const { troubles, context } = this.options
    const signal = AbortSignal.any([open.stop.signal, this.options.signal])
    const onRetry = (error: unknown) => troubles.fails(error)
    try {
      const write = () => this.#writeOnce(open, chunk, signal)
      const written = await retrying(write, { ...RETRIES, signal, onRetry })
      this.#isWritten(open, chunk, written)
    } catch (error) {
      if (!signal.aborted) context.node.error(reasonOf(error))
    }
    // A file may have been made after the rows were let go.
    if (signal.aborted) chunk.remove()
  }

  async #writeOnce(
    { lane, waited }: OpenLane,
    chunk: Chunk,
    signal: AbortSignal
  ): Promise<Written> {
    const { plan, store, troubles } = this.options
    return writeChunk(lane, chunk, {
      store: await store.open(),
      finishing: plan.finishing,
      name: plan.name,
      signal,
      onTrouble: error => troubles.fails(error),
      isAlone: waited >= this.#patience.aloneAfter,
      onWorks: () => troubles.works()
    })
  }

  /** Its rows stay until the store has them, or they are read again. */
  #isWritten(open: OpenLane, chunk: Chunk, written: Written): void {
    if (open.whole[0] !== chunk) return
    if (written.kind === 'waits') {
      this.#wait(open, written.entry)
      return
    }
    this.options.troubles.waitsNoMore(open.lane)
    open.waited = 0
    if (written.kind === 'crossed') {
      open.isGivenBack = true
      heldOf(open)?.readAgain()
      return
    }
    open.whole.shift()
    chunk.remove()
    for (const held of chunk.held) held.letGo()
    if (written.kind === 'written') this.#tell(open.lane, chunk, written.files)
  }

  get #patience(): Patience {
    return this.options.patience ?? PATIENCE
  }

  /** Others are written meanwhile. */
  #wait(open: OpenLane, entry: Entry): void {
    const { everyMs, lateAfter, aloneAfter } = this.#patience
    open.waited++
    open.againMs = performance.now() + everyMs
    const { troubles } = this.options
    if (open.waited < lateAfter) troubles.waitsForOther(entry)
    else troubles.waitsLong(open.lane, entry, (everyMs * (aloneAfter - lateAfter)) / 60_000)
  }

  #tell(
    { topic, partition }: Lane,
    { first, last, records }: Chunk,
    files: readonly { readonly path: string; readonly records: number }[]
  ): void {
    this.#files += files.length
    this.#archived += records
    this.#gauge()
    const { isWired, send } = this.options.context
    if (!isWired(0) || files.length === 0) return
    send([{ topic, payload: { topic, partition, first, last, records, files } }, null])
  }

  #gauge(): void {
    const { gauges } = this.options.context.metrics
    gauges.set('archived', this.#archived)
    gauges.set('gathered', this.#records)
  }
}

const RETRIES = { backoff: { initialMs: 500, maxMs: 15_000 }, unref: true } as const

const chunksOf = ({ lane, whole }: OpenLane): Chunk[] =>
  lane.chunk === undefined ? whole : [...whole, lane.chunk]

/** Of what was gathered of a lane, the first. */
const heldOf = (open: OpenLane): HeldPart | undefined =>
  chunksOf(open).find(({ held }) => held.length > 0)?.held[0]

const keyOf = (source: string, lane: string): string => `${source}\n${lane}`
