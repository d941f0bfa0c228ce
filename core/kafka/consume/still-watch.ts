import type { Admin } from '../admin/admin.ts'
import { answerOf, type PartitionEnd } from '../port.ts'
import { keyOf, partitionOf } from './group-ledgers.ts'
import type { GroupOptions } from './group-options.ts'
import { leftOutSentence, stuckSentence } from './group-sentences.ts'
import { type ReadPlace, Standstill, type StillPlace } from './standstill.ts'

/** Why a member of a group reads nothing, though its brokers answer. */
export type Still =
  /** Records wait in its partitions, and do not come; since when none of any has come. */
  | { readonly kind: 'stuck'; readonly records: number; readonly sinceMs: number }
  /** All that waits is held back by transactions that are open. */
  | { readonly kind: 'held'; readonly records: number }
  /** The others have all partitions, since there are fewer than members. */
  | { readonly kind: 'spare' }
  /** It has no partition, and there are enough for all members, or some that nobody has. */
  | { readonly kind: 'left out'; readonly partitions: number }

/** What waits for so long does not come by itself. */
const WAITED_MS = 4_000
/** Where others come meanwhile: a broker fills its answers with them first. */
const WAITED_BEHIND_MS = 60_000
/** How often the brokers are asked about what stands still. */
const ASK_MS = 3_000
const ASK_SPARE_MS = 30_000

/**
 * Looks whether a member that reads nothing has nothing to read. Asks the brokers only where the
 * fetches do not tell.
 */
export class StillWatch {
  readonly #standstill: Standstill
  #askedMs = 0
  #isAsking = false
  #generation = 0
  #stuckMs: number | undefined
  /** Something has come since the last look, and when that was so last. */
  #hasMoved = false
  #movedMs = Number.NEGATIVE_INFINITY
  /** What was found where it has no partitions; the second time in a row it counts. */
  #without: { readonly still: Still; readonly isSure: boolean } | undefined

  constructor(
    private readonly options: Pick<
      GroupOptions,
      'admin' | 'groupId' | 'topics' | 'readUncommitted'
    >,
    private readonly notice: (sentence: string) => void
  ) {
    this.#standstill = new Standstill(options.readUncommitted)
  }

  /** A generation begins, or is over. */
  begin(nowMs: number): void {
    this.#generation++
    this.#standstill.clear()
    this.#askedMs = nowMs
    this.#stuckMs = undefined
    this.#without = undefined
  }

  /** Records have come. */
  moved(): void {
    this.#hasMoved = true
  }

  told(ends: readonly PartitionEnd[], nowMs: number): void {
    for (const { topic, partition, end } of ends)
      this.#standstill.told(keyOf(topic, partition), end, nowMs)
  }

  /** Call about once a second, while the group is well. */
  look(readings: ReadonlyMap<string, ReadPlace>, nowMs: number): void {
    this.#standstill.look(readings, nowMs)
    if (this.#hasMoved) this.#movedMs = nowMs
    this.#hasMoved = false
    if (readings.size === 0) {
      const everyMs = this.#without?.isSure ? ASK_SPARE_MS : ASK_MS
      this.#ask(everyMs, nowMs, admin => this.#askOfMembers(admin))
      return
    }
    const doubtful = this.#standstill.doubtful(nowMs)
    if (doubtful.length > 0) this.#ask(ASK_MS, nowMs, admin => this.#askOfEnds(admin, doubtful))
    this.#tell(nowMs)
  }

  /** Undefined where it reads, or has nothing to read. */
  still(nowMs: number): Still | undefined {
    if (this.#without !== undefined) return this.#without.isSure ? this.#without.still : undefined
    if (this.#stuckMs !== undefined) {
      const records = sumOf(this.#waiting(false, nowMs))
      return { kind: 'stuck', records, sinceMs: Math.max(this.#stuckMs, this.#movedMs) }
    }
    const held = this.#waiting(true, nowMs)
    return held.length === 0 ? undefined : { kind: 'held', records: sumOf(held) }
  }

  #waiting(isHeld: boolean, nowMs: number): StillPlace[] {
    const isMoving = this.#stuckMs === undefined && nowMs - this.#movedMs < WAITED_MS
    return this.#standstill.waiting(isHeld, isMoving ? WAITED_BEHIND_MS : WAITED_MS, nowMs)
  }

  #tell(nowMs: number): void {
    const stuck = this.#waiting(false, nowMs)
    if (stuck.length === 0) this.#stuckMs = undefined
    else if (this.#stuckMs === undefined) {
      this.#stuckMs = nowMs
      this.notice(stuckSentence(stuck))
    }
  }

  /** What brokers answer is noted, unless the generation is over; that they do not, others tell. */
  #ask(everyMs: number, nowMs: number, question: (admin: Admin) => Promise<() => void>): void {
    if (this.#isAsking || nowMs - this.#askedMs < everyMs) return
    this.#isAsking = true
    this.#askedMs = nowMs
    const generation = this.#generation
    const note = (found: () => void) => {
      this.#isAsking = false
      if (generation === this.#generation) found()
    }
    this.options.admin.ask(question).then(note, () => note(() => undefined))
  }

  async #askOfEnds(admin: Admin, doubtful: readonly StillPlace[]): Promise<() => void> {
    const topics = [...new Set(doubtful.map(({ key }) => partitionOf(key).topic))]
    const ends = new Map<string, bigint>()
    for (const topic of topics)
      for (const { partition, high } of await admin.listOffsets(topic))
        ends.set(keyOf(topic, partition), high)
    const empty = await emptyOf(admin, topics, doubtful, ends)
    return () => {
      const nowMs = performance.now()
      for (const { key, next } of doubtful) {
        const end = ends.get(key)
        if (end === undefined) continue
        if (empty.has(key)) this.#standstill.empty(key, next, end)
        else this.#standstill.asked(key, end, nowMs)
      }
    }
  }

  async #askOfMembers(admin: Admin): Promise<() => void> {
    const { groupId, topics } = this.options
    const [group] = await admin.describeGroups([groupId])
    const found = await Promise.all(topics.map(topic => admin.listOffsets(topic)))
    const partitions = found.reduce((sum, { length }) => sum + length, 0)
    return () => {
      if (group === undefined || group.state !== 'Stable') return
      const owned = topics.reduce((sum, topic) => sum + (group.partitions.get(topic) ?? 0), 0)
      const isSpare = partitions < group.members && owned === partitions
      const still: Still = isSpare ? { kind: 'spare' } : { kind: 'left out', partitions }
      const before = this.#without
      const isSure = before?.still.kind === still.kind
      this.#without = { still, isSure }
      if (isSure && !before?.isSure && !isSpare)
        this.notice(leftOutSentence(groupId, partitions, group.members))
    }
  }
}

/**
 * Compaction leaves places where nothing can be read, and may leave one at the end of a partition.
 */
async function emptyOf(
  admin: Admin,
  topics: readonly string[],
  doubtful: readonly StillPlace[],
  ends: ReadonlyMap<string, bigint>
): Promise<ReadonlySet<string>> {
  const empty = new Set<string>()
  const waiting = doubtful.filter(({ key, next }) => (ends.get(key) ?? 0n) > next)
  for (const topic of waiting.length === 0 ? [] : topics) {
    if (!(await isCompacted(admin, topic))) continue
    for (const { key, next } of waiting) {
      const place = { ...partitionOf(key), offset: Number(next) }
      if (place.topic === topic && (await admin.recordAt(place)) === undefined) empty.add(key)
    }
  }
  return empty
}

/** False where the user may not ask. */
async function isCompacted(admin: Admin, topic: string): Promise<boolean> {
  const settings = await admin.topicSettings(topic, [POLICY]).catch(error => {
    if (answerOf(error)?.endsWith('AUTHORIZATION_FAILED')) return undefined
    throw error
  })
  return settings?.get(POLICY)?.includes('compact') ?? false
}

const POLICY = 'cleanup.policy'

const sumOf = (places: readonly StillPlace[]) =>
  places.reduce((sum, { records }) => sum + records, 0)
