import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import type { Message } from '../../core/record/message.ts'
import { type Priority, priorityBy } from './priority.ts'
import type { RoomOptions } from './room.ts'
import type { spec } from './spec.ts'

type Settings = Options<typeof spec>

/** How much may wait, and what goes first. */
export interface QueuePlan {
  priorityOf(record: unknown, message: Message): Priority
  readonly room: Pick<RoomOptions, 'maxBytes' | 'full' | 'keepEvery' | 'key' | 'maxAgeMs'>
  readonly isStrict: boolean
  readonly inLists: boolean
  /** How often what the flow fails with is sent again. */
  readonly retries: number
}

const MB = 1_000_000

/** @throws OptionsError for settings that cannot be used */
export function planOf(options: Settings): QueuePlan {
  const { maxMb, full, keepEvery, key, maxAge, order, leaves, tries, retries } = options
  return {
    priorityOf: priorityBy(options.priorities),
    room: {
      maxBytes: maxMb * MB,
      full,
      keepEvery,
      key: key.map(({ field }) => field),
      maxAgeMs: maxAge === '' ? undefined : durationMs(maxAge)
    },
    isStrict: order === 'strict',
    inLists: leaves === 'lists',
    retries: tries === 'forever' ? Number.POSITIVE_INFINITY : retries
  }
}
