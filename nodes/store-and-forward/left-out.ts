import { type Rejection, reject } from '../../core/record/record.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { type EntryValue, thinned } from './entry.ts'
import { propertiesOf } from './kept-record.ts'

/** The node that leaves them out. */
export const STAGE = 'store-and-forward'

/** Why records were left out. */
export const LEFT_OUT = {
  thin: {
    code: 'QUEUE_THINNED',
    message: 'The queue was full, and of each key only one of several old records was kept.'
  },
  oldest: {
    code: 'QUEUE_OLDEST',
    message: 'The queue was full, and the oldest records of the lowest priority made room.'
  },
  age: {
    code: 'QUEUE_TOO_OLD',
    message: 'The record has waited longer than it may.'
  },
  cleared: {
    code: 'QUEUE_CLEARED',
    message: 'Somebody has emptied the queue in the dialog of the node.'
  }
} as const
export type Why = keyof typeof LEFT_OUT

/** The records of an entry that are left out, as an entry; undefined where there is none. */
export const leftOf = (
  value: string,
  why: Why,
  leaves: (index: number) => boolean = () => true
): EntryValue | undefined => thinned(value, leaves, JSON.stringify({ why }))

/** The message in which such records leave. */
export function leftMessage(
  properties: string,
  records: readonly object[]
): { readonly payload: Rejection[] } {
  const { why } = propertiesOf(properties) as { readonly why: Why }
  return { payload: records.map(record => reject(record, STAGE, LEFT_OUT[why])) }
}

/** Tells in the log how many records were left out, for each reason at most once a minute. */
export class LeftOutNotices {
  readonly #of = new Map<Why, ThrottledNotice>()

  constructor(private readonly warn: (sentence: string) => void) {}

  add(records: number, why: Why): void {
    const { code, message } = LEFT_OUT[why]
    const notice =
      this.#of.get(why) ??
      new ThrottledNotice(count =>
        this.warn(`Records that were left out of the queue: ${count}. ${message}`)
      )
    this.#of.set(why, notice)
    notice.add(records, code)
  }

  end(): void {
    for (const notice of this.#of.values()) notice.end()
  }
}
