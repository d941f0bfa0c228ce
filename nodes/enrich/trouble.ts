import { reasonOf } from '../../core/errors.ts'
import { shortReason as shortOfKafka } from '../../core/kafka/short-reason.ts'

/**
 * A status is cut by the editor where it gets too long, and the end of a path says more than its
 * beginning.
 */
export function shortReason(problem: unknown): string {
  const reason = reasonOf(problem)
  return reason.length > 60 ? `…${reason.slice(-59)}` : reason
}

/** What is the matter with a topic, in a few words. */
export function topicWords(problem: unknown): string {
  const wrong = shortOfKafka(reasonOf(problem))
  if (wrong !== undefined) return wrong
  const { code } = problem as { code?: unknown }
  if (code === 'KAFKA_TOPIC_MISSING') return 'topic missing'
  return code === 'KAFKA_CONNECT_FAILED' ? 'broker away' : shortReason(problem)
}

/**
 * What is wrong with the source: one line in the log when it begins and one when it ends, not one a
 * try.
 */
export class Trouble {
  words: string | undefined

  constructor(
    private readonly wordsFor: (problem: unknown) => string,
    private readonly log: { warn(line: string): void; log(line: string): void },
    /** Another trouble after the first is told too: the source tells only what is news. */
    private readonly tellsEach = false
  ) {}

  tell(problem: unknown): void {
    const before = this.words
    this.words = problem === undefined ? undefined : this.wordsFor(problem)
    const isNews = before === undefined || (this.tellsEach && before !== this.words)
    if (problem !== undefined && isNews)
      this.log.warn(
        `The metadata cannot be read: ${reasonOf(problem).replace(/\.$/, '')}. What is known is used.`
      )
    if (before !== undefined && problem === undefined)
      this.log.log('The metadata can be read again.')
  }
}

/** Some devices cannot be looked up, and the source works all the same. */
export const refusedSentence = (devices: number, why: string): string =>
  `The source of metadata fails for ${devices === 1 ? 'a device' : `${devices} devices, e.g. one`} while it answers for others: ${why}`
