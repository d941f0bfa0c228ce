import type { MillraceError } from '../../core/errors.ts'
import { shortReason } from '../../core/kafka/short-reason.ts'
import type { SinkTrouble } from '../../core/sink/types.ts'

/** What an error of the topic's brokers means to those who wait. */
export function troubleOf(error: MillraceError, topic: string): SinkTrouble {
  const sentence = `${error.message} Records wait until it works again.`
  const short = shortReason(error.message)
  if (short !== undefined) return { words: short, sentence, mend: true }
  if (error.code === 'KAFKA_TOPIC_MISSING') {
    return { words: `no topic ${topic}`, sentence, mend: true }
  }
  return { words: 'broker away', sentence, mend: false }
}
