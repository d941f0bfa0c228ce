import { retrying } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { recordsOf } from '../record/message.ts'
import { provenanceOf, type Reason } from '../record/record.ts'
import type { Remembering } from './counted-engine.ts'
import { type ShareOptions, StateShare } from './share.ts'
import type { Memory, StateStore } from './types.ts'

/** Keys of which it is known in which partition they are; of more it is not told. */
const MAX_KEYS = 200_000

export interface PartitionOptions<State> {
  readonly remembering: Remembering<State>
  readonly share: Omit<ShareOptions, 'onLost'>
  openStore(lane: string): Promise<StateStore>
  nowMs(): number
  warn(sentence: string): void
}

/** What is remembered, apart for each partition of the input, so that it can move with it. */
export class PartitionShares<State> {
  readonly #shares = new Map<string, StateShare<State>>()
  readonly #opening = new Map<string, Promise<void>>()
  readonly #leaving = new Map<string, Promise<void>>()
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

  of(lane: string): StateShare<State> | undefined {
    const share = this.#shares.get(lane)
    return share?.isOpen ? share : undefined
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
    const opening = this.#opening.get(lane)
    if (opening !== undefined) return opening
    if (this.of(lane) !== undefined) return Promise.resolve()
    const begun = this.#begin(lane).finally(() => this.#opening.delete(lane))
    this.#opening.set(lane, begun)
    return begun
  }

  /** The partition is not ours any more. */
  drop(lane: string): void {
    const share = this.#shares.get(lane)
    if (share !== undefined) this.#lose(lane, share, moved(lane))
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

  async #begin(lane: string): Promise<void> {
    await this.#leaving.get(lane)
    const { signal } = this.#stop
    const { remembering, share: options, openStore, nowMs } = this.options
    const share: StateShare<State> = new StateShare(this.#watching(remembering, lane), {
      ...options,
      onLost: error => this.#lose(lane, share, notKept(lane, error))
    })
    this.#shares.set(lane, share)
    try {
      const open = async () => {
        if (!share.isGone) await share.open(await openStore(lane), nowMs)
      }
      const backoff = { maxMs: 5_000 }
      await retrying(open, { signal, backoff, onRetry: options.onTrouble })
      options.onTrouble(undefined)
    } catch {
      // The node is being closed.
    }
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

const notKept = (lane: string, error: unknown) =>
  new MillraceError(
    'STATE_MOVED',
    `What was remembered of the partition ${lane} could not be kept, or another member of the group has it now; the records are sent again. ${reasonOf(error)}`,
    { cause: error }
  )
