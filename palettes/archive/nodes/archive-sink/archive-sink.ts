import { mkdirSync, rmSync } from 'node:fs'
import {
  type Context,
  type HeldPart,
  isRejection,
  MillraceError,
  type OpenSink,
  type PassedPart,
  pause,
  provenanceOf,
  type Reason,
  type SinkPort,
  SlicedQueue,
  type WriteRequest
} from '@millrace/node-red-telemetry'
import type { ArchiveStore } from '../../core/archive-store.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import { NO_POSITION, type Plan } from './logic.ts'
import { isLost, readAgain } from './lost-lanes.ts'
import type { spec } from './spec.ts'
import { Taking } from './taking.ts'
import { SinkTroubles } from './troubles.ts'

const LOOK_MS = 500

export interface ArchiveSinkOptions {
  readonly context: Context<typeof spec>
  readonly store: ArchiveStore
  readonly plan: Plan
  readonly port: SinkPort
  /** Of this machine, where rows are gathered. */
  readonly folder: string
}

/** Gathers records by partition, and writes them as files; offsets are committed after that. */
export class ArchiveSink implements OpenSink {
  readonly #coming: WriteRequest[] = []
  readonly #taking = new SlicedQueue<Taking>({
    take: (of, index) => this.#take(of, index),
    taken: of => this.#taken(of),
    failed(of, error) {
      of.forget()
      of.fail(error)
    }
  })
  readonly #stop = new AbortController()
  readonly #lanes: Lanes
  readonly #troubles: SinkTroubles
  readonly #ends: (() => void)[] = []
  #isRunning = false

  constructor(private readonly options: ArchiveSinkOptions) {
    const { context, folder } = options
    const { tracker } = context
    // What a process left behind that was killed: Kafka brings it again.
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    this.#troubles = new SinkTroubles(options.port)
    this.#lanes = new Lanes({
      ...options,
      folder,
      troubles: this.#troubles,
      signal: this.#stop.signal
    })
    const looks = setInterval(() => this.#lanes.look(), LOOK_MS)
    this.#ends.push(
      () => clearInterval(looks),
      tracker.holdLanes({ passed: (part, held) => this.#passed(part, held) }),
      tracker.whenLaneDropped((source, lane) => this.#lanes.drop(source, lane))
    )
    void this.#lanes.begin()
  }

  write(request: WriteRequest): void {
    this.#coming.push(request)
    if (!this.#isRunning) void this.#run()
  }

  waitsFor(): string | undefined {
    return this.#troubles.waitsFor
  }

  progress(perSecond: number): string {
    return this.#lanes.progress(perSecond)
  }

  /**
   * What is gathered and not in the store comes again. Files that are being written have some
   * seconds to be whole; else whoever comes next writes them.
   */
  async close(limitMs: number): Promise<void> {
    await this.#lanes.written(limitMs / 2)
    this.#stop.abort()
    for (const end of this.#ends) end()
    readAgain(this.options.context.tracker, this.#lanes.end())
    await this.#lanes.written(limitMs / 2)
    rmSync(this.options.folder, { recursive: true, force: true })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let next = this.#coming[0]; next !== undefined; next = this.#coming[0]) {
      const waits = this.#admit(next)
      if (waits !== undefined) await waits
      if (this.#stop.signal.aborted) break
      this.#coming.shift()
      this.#begin(next)
    }
    this.#isRunning = false
  }

  /** Undefined where there is nothing to wait for: the log of its partition, and room. */
  #admit(request: WriteRequest): Promise<void> | undefined {
    const { message } = request
    const found = this.#placeOf(request)
    const lane = found && this.#lanes.of(found.source, found.lane)
    const mayEnter = () =>
      lane?.isReady !== false && !this.#lanes.isFull && !this.#troubles.isBlocked
    if (mayEnter()) return undefined
    const { tracker } = this.options.context
    return this.#until(() => mayEnter() || tracker.isGivenUp(message))
  }

  async #until(holds: () => boolean): Promise<void> {
    const { signal } = this.#stop
    while (!holds() && !signal.aborted) await pause(20, { signal, unref: true })
  }

  #begin(request: WriteRequest): void {
    const { tracker } = this.options.context
    const { message } = request
    if (tracker.isGivenUp(message)) {
      request.fail(new MillraceError('CLOSED', 'The message is sent again by its source.'))
      return
    }
    const found = this.#placeOf(request)
    const lane = found && this.#lanes.of(found.source, found.lane)
    this.#taking.add(new Taking(request, lane, tracker.attemptOf(message) ?? message))
  }

  /** Where a message comes from whose acknowledgement can be held back. */
  #placeOf({ message, records }: WriteRequest): { source: string; lane: string } | undefined {
    const { tracker } = this.options.context
    const source = tracker.sourceOf(message)
    const lane = tracker.settledBefore(message)?.lane
    if (source === undefined || lane === undefined || !tracker.isFollowed(message)) return undefined
    const origin = originOf(records[0])
    if (origin === undefined || `${origin.topic}/${origin.partition}` !== lane) return undefined
    return tracker.transactionOf(message) === undefined ? { source, lane } : undefined
  }

  #take(of: Taking, index: number): void {
    const reason = this.#refusalOf(of, of.records[index])
    if (reason !== undefined) of.refuse(index, reason)
  }

  /** Takes a record into its partition, or says why it never can be. */
  #refusalOf(of: Taking, record: unknown): Reason | undefined {
    const { lane } = of
    if (isRejection(record)) return record.reason
    const origin = originOf(record)
    if (lane === undefined || origin === undefined) return NO_POSITION
    const { topic, partition } = origin
    if (topic !== lane.topic || partition !== lane.partition) return NO_POSITION
    const [offset, kafkaMs] = [Number(origin.offset), Number(origin.timestamp)]
    if (offset <= lane.log.end && lane.log.isDone(offset)) {
      this.#isThere(of, lane, offset, kafkaMs)
      return undefined
    }
    const filed = this.options.plan.file(record as object, { topic, partition, kafkaMs })
    if ('code' in filed) return filed
    of.offsets.push(offset)
    lane.add({ ...filed, offset, kafkaMs, attempt: of.attempt })
    return undefined
  }

  /**
   * Only the offset and the time of the same record tell: records that were filtered or rejected
   * may be newer than all that is archived, since producers set their times.
   */
  #isThere(of: Taking, lane: Lane, offset: number, kafkaMs: number): void {
    if (!lane.log.isOther(offset, kafkaMs)) of.isThere()
    else {
      of.isBlocked = true
      this.#troubles.otherTopic(lane, offset)
    }
  }

  #taken(of: Taking): void {
    if (of.isBlocked) {
      // It waits for a person, with its records.
      of.forget()
      return
    }
    of.finish()
    this.options.context.tracker.whenSettled(of.message, acknowledged => {
      if (!acknowledged) of.forget()
    })
  }

  #passed(part: PassedPart, held: HeldPart): boolean {
    return !isLost(this.options.context.tracker, part) && this.#lanes.passed(part, held)
  }
}

function originOf(record: unknown) {
  const origin = provenanceOf(record)?.taken.origin
  return origin?.kind === 'kafka' ? origin : undefined
}
