import { retrying } from '../../backoff.ts'
import { MillraceError } from '../../errors.ts'
import type { Assignment, GroupMember, PartitionOffset } from '../port.ts'
import { orTopicMissing } from '../topic-missing.ts'
import type { GroupOptions } from './group-options.ts'
import {
  lostSentence,
  partitionOffsets,
  type StartPosition,
  startOffsets
} from './start-offsets.ts'

/** What happens while it is not known yet where to begin. */
export interface StartEvents {
  /** A try failed; it is repeated as long as the generation lasts. */
  failed(error: MillraceError): void
  notice(sentence: string): void
  /** It was told to stop when the committed offset is lost. */
  stopped(error: MillraceError): void
}

type IsOver = () => boolean

/** Finds where a member of a group begins to read the partitions of a generation. */
export class GroupStart {
  constructor(
    private readonly options: GroupOptions,
    private readonly events: StartEvents
  ) {}

  /** Before anything is read. Undefined if the generation is over, or the group was stopped. */
  async find(
    assignments: readonly Assignment[],
    isOver: IsOver
  ): Promise<StartPosition[] | undefined> {
    const { admin, groupId } = this.options
    const offsets = await this.#patiently(isOver, () =>
      admin.ask(asked => partitionOffsets(asked, groupId, assignments))
    )
    if (offsets === undefined) return undefined
    const starts = startOffsets(offsets, this.options)
    return this.#isLost(starts) ? undefined : starts
  }

  #isLost(starts: readonly StartPosition[]): boolean {
    const { outOfRange } = this.options
    const lost = starts.filter(({ isLost }) => isLost).map(start => lostSentence(start, outOfRange))
    for (const sentence of lost) this.events.notice(sentence)
    if (lost.length === 0 || outOfRange !== 'stop') return false
    this.events.stopped(new MillraceError('KAFKA_OFFSET_LOST', lost.join(' ')))
    return true
  }

  /**
   * Where a group begins must be known before it has dealt with anything: else what comes while it
   * is away the first time is skipped. False if the generation is over.
   */
  async commit(
    member: GroupMember,
    starts: readonly StartPosition[],
    isOver: IsOver
  ): Promise<boolean> {
    const offsets = starts.flatMap(({ topic, partition, seek }): PartitionOffset[] =>
      seek === undefined ? [] : [{ topic, partition, offset: seek }]
    )
    const committed = await this.#patiently(isOver, async () => {
      if (offsets.length > 0) await member.commitPatiently(offsets)
      return true
    })
    return committed ?? false
  }

  /** Undefined if the generation is over. */
  async #patiently<T>(isOver: IsOver, act: () => Promise<T>): Promise<T | undefined> {
    const unlessOver = async () => (isOver() ? undefined : act())
    const done = await retrying(unlessOver, {
      backoff: { maxMs: 5_000 },
      unref: true,
      onRetry: error =>
        this.events.failed(orTopicMissing(error as MillraceError, this.options.topics))
    })
    return isOver() ? undefined : done
  }
}
