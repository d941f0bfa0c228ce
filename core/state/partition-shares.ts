import { backoffMs, pause, retrying } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import type { NodeSpec } from '../node/spec.ts'
import { recordsOf } from '../record/message.ts'
import { provenanceOf, type Reason } from '../record/record.ts'
import type { Remembering } from './counted-engine.ts'
import { type ShareOptions, StateShare } from './share.ts'
import type { OpenStore } from './state-topic.ts'
import type { StoreTrouble } from './store-trouble.ts'
import type { Memory } from './types.ts'

/** Keys of which it is known in which partition they are; of more it is not told. */
const MAX_KEYS = 200_000
/** The one that has fenced us has to be heard of before we would fence it. */
const REOPEN = { initialMs: 1_000, maxMs: 30_000 }
/** A loss so long after the one before is the first again. */
const CALM_MS = 120_000

interface Losses {
  readonly inARow: number
  readonly lastMs: number
}

export interface PartitionOptions<State> {
  readonly remembering: Remembering<State>
  readonly share: Omit<ShareOptions, 'onLost' | 'onTrouble'>
  readonly openStore: OpenStore
  /** By partition. */
  readonly trouble: Pick<StoreTrouble<NodeSpec>, 'tell' | 'forget'>
  nowMs(): number
  warn(sentence: string): void
}

/** What is remembered, apart for each partition of the input, so that it can move with it. */
export class PartitionShares<State> {
  readonly #shares = new Map<string, StateShare<State>>()
  readonly #opening = new Map<string, Promise<void>>()
  readonly #leaving = new Map<string, Promise<void>>()
  /** Partitions that are to stay open: something of them has come, and they were not dropped. */
  readonly #ours = new Set<string>()
  /** Partitions that were ours, and have moved to others. */
  readonly #elsewhere = new Set<string>()
  /** By source. */
  readonly #assigned = new Map<string, readonly string[]>()
  readonly #losses = new Map<string, Losses>()
  readonly #stop = new AbortController()
  readonly #laneOfKey = new Map<string, string>()
  #split: string | undefined

  constructor(private readonly options: PartitionOptions<State>) {}

  get open(): Iterable<StateShare<State>> {
    return [...this.#shares.values()].filter(({ isOpen }) => isOpen)
  }
  /** A key that comes in several partitions, with two of them. */
  get split(): string | undefined {
    return this.#split
  }

  /** Also of those that are still being opened. */
  get all(): Iterable<StateShare<State>> {
    return [...this.#shares.values()]
  }

  of(lane: string): StateShare<State> | undefined {
    const share = this.#shares.get(lane)
    return share?.isOpen ? share : undefined
  }

  /** What a message changed is lost, and all of its partitions are ours, as far as we know. */
  areOurs(lanes: Iterable<string>): boolean {
    return [...lanes].every(lane => this.#ours.has(lane))
  }

  /** One of them has moved: whoever opened it would take it from the member that has it now. */
  haveMoved(lanes: Iterable<string>): boolean {
    return [...lanes].some(lane => this.#elsewhere.has(lane))
  }

  /** Undefined unless all of them are open. */
  ofAll(lanes: ReadonlySet<string>): Map<string, StateShare<State>> | undefined {
    const found = new Map<string, StateShare<State>>()
    for (const lane of lanes) {
      const share = this.of(lane)
      if (share === undefined) return undefined
      found.set(lane, share)
    }
    return found
  }

  async beginAll(lanes: ReadonlySet<string>): Promise<void> {
    await Promise.all([...lanes].map(lane => this.begin(lane)))
  }

  /** Begins to open what is remembered of a partition. */
  begin(lane: string): Promise<void> {
    this.#ours.add(lane)
    this.#elsewhere.delete(lane)
    return this.#opened(lane, 0)
  }

  #opened(lane: string, waitMs: number): Promise<void> {
    const opening = this.#opening.get(lane)
    if (opening !== undefined) return opening
    if (this.of(lane) !== undefined || this.#stop.signal.aborted) return Promise.resolve()
    const begun = this.#begin(lane, waitMs).finally(() => {
      this.#opening.delete(lane)
      // It was dropped meanwhile, and came back.
      if (this.#ours.has(lane)) void this.#opened(lane, 0)
    })
    this.#opening.set(lane, begun)
    return begun
  }

  /** What a source has now stays open; what it had is not ours any more. */
  assign(source: string, lanes: readonly string[]): void {
    const before = this.#assigned.get(source) ?? []
    this.#assigned.set(source, lanes)
    const assigned = new Set([...this.#assigned.values()].flat())
    for (const lane of before) if (!assigned.has(lane)) this.drop(lane)
    for (const lane of lanes) void this.begin(lane)
  }

  /** The partition is not ours any more. */
  drop(lane: string): void {
    this.#ours.delete(lane)
    this.#elsewhere.add(lane)
    this.#losses.delete(lane)
    const share = this.#shares.get(lane)
    if (share !== undefined) this.#lose(lane, share, moved(lane))
    this.options.trouble.forget(lane)
  }

  forget(): void {
    for (const share of this.#shares.values()) share.forget()
  }

  /** Keeps what there is, and ends. */
  async close(): Promise<void> {
    this.#stop.abort()
    const shares = [...this.#shares.values()]
    await Promise.all([...shares.map(share => share.close()), ...this.#leaving.values()])
  }

  async #begin(lane: string, waitMs: number): Promise<void> {
    const { signal } = this.#stop
    const { openStore, nowMs } = this.options
    const share = this.#shareOf(lane)
    this.#shares.set(lane, share)
    await this.#leaving.get(lane)
    if (waitMs > 0) await pause(waitMs, { signal })
    const isGone = () => share.isGone
    const open = async () => {
      if (!isGone()) await share.open(await openStore(lane, isGone), nowMs)
    }
    const onTrouble = (error: unknown) => {
      if (!isGone()) this.options.trouble.tell(error, lane)
    }
    try {
      await retrying(open, { signal, backoff: { maxMs: 5_000 }, onRetry: onTrouble })
      onTrouble(undefined)
    } catch {
      // The node is being closed.
    }
  }

  /** What a share does that is lost already says nothing of the one that follows it. */
  #shareOf(lane: string): StateShare<State> {
    const { remembering, share: options } = this.options
    const share: StateShare<State> = new StateShare(this.#watching(remembering, lane), {
      ...options,
      onTrouble: error => {
        if (!share.isGone) this.options.trouble.tell(error, lane)
      },
      onLost: error => {
        if (share.isGone) return
        this.#lose(lane, share, notKept(lane, error))
        if (this.#ours.has(lane)) void this.#opened(lane, this.#waitMs(lane))
      }
    })
    return share
  }

  /** It is still ours, as far as we know. */
  #waitMs(lane: string): number {
    const nowMs = performance.now()
    const before = this.#losses.get(lane)
    const inARow = before === undefined || nowMs - before.lastMs > CALM_MS ? 0 : before.inARow + 1
    this.#losses.set(lane, { inARow, lastMs: nowMs })
    return backoffMs(inARow, REOPEN)
  }

  #lose(lane: string, share: StateShare<State>, error: MillraceError): void {
    if (this.#shares.get(lane) === share) this.#shares.delete(lane)
    const left = share.lose(error).catch(() => {})
    this.#leaving.set(lane, left)
    void left.then(() => {
      if (this.#leaving.get(lane) === left) this.#leaving.delete(lane)
    })
  }

  /** Sees whether a key stays in its partition. */
  #watching(remembering: Remembering<State>, lane: string): Remembering<State> {
    const { memory } = remembering
    const watched: Memory<State> = {
      keyOf: record => {
        const key = memory.keyOf(record)
        if (typeof key === 'string') this.#see(key, lane)
        return key
      },
      timeOf: memory.timeOf.bind(memory),
      take: memory.take.bind(memory),
      ...(memory.late && { late: memory.late.bind(memory) }),
      ...(memory.dueMs && { dueMs: memory.dueMs.bind(memory) }),
      ...(memory.due && { due: memory.due.bind(memory) })
    }
    return { ...remembering, memory: watched }
  }

  #see(key: string, lane: string): void {
    const known = this.#laneOfKey.get(key)
    if (known === lane) return
    if (known !== undefined && this.of(known) !== undefined && this.#split === undefined) {
      this.#split = key
      this.options.warn(
        `Records that belong together (${key.slice(0, 80)}) come in several partitions, such as ${known} and ${lane}: each has a memory of its own of them. Let the key of the Kafka records be what the node tells them apart by.`
      )
    }
    if (known !== undefined || this.#laneOfKey.size < MAX_KEYS) this.#laneOfKey.set(key, lane)
  }
}

/** Why a record is rejected that no partition has. */
export const STRAY: Reason = {
  code: 'STATE_NO_PARTITION',
  message:
    'The record does not come from a Kafka consumer, and the node keeps what it remembers by partition.'
}

/** `topic/partition` of a record that was read from Kafka. */
export function laneOf(record: unknown): string | undefined {
  const origin = provenanceOf(record)?.taken.origin
  return origin?.kind === 'kafka' ? `${origin.topic}/${origin.partition}` : undefined
}

/** The partitions that the records of a message come from. */
export function lanesOf(payload: unknown): Set<string> {
  const lanes = new Set<string>()
  for (const record of recordsOf(payload)) {
    const lane = laneOf(record)
    if (lane !== undefined) lanes.add(lane)
  }
  return lanes
}

/** For a node that remembers on its machine. */
export const movedSentence = (lane: string): string =>
  `Another member of the consumer group has had the partition ${lane}. What this node remembers of it is on this machine, and the other began anew: results of the time in between are not whole. Where several Node-REDs share a group, let the node remember in a Kafka topic.`

const moved = (lane: string) =>
  new MillraceError(
    'STATE_MOVED',
    `The partition ${lane} has moved to another member of the group, which goes on with it.`
  )

/** Why a message is given back of which only some records are another member's by now. */
export const movedInPart = () =>
  new MillraceError(
    'STATE_MOVED',
    'The message was made of records of several Kafka partitions, of which one has moved to another member of the group; the others are sent again.'
  )

const notKept = (lane: string, error: unknown) =>
  new MillraceError(
    'STATE_MOVED',
    `What was remembered of the partition ${lane} could not be kept, or another member of the group has it now; the records are sent again. ${reasonOf(error)}`,
    { cause: error }
  )
