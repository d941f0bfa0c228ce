import type { MillraceError } from '../errors.ts'
import { answerOf, KafkaError } from './port.ts'

/** The error in better words where it is that one of these topics does not exist. */
export function orTopicMissing(error: MillraceError, topics: readonly string[]): MillraceError {
  const answer = answerOf(error)
  if (answer !== 'UNKNOWN_TOPIC_OR_PARTITION') return error
  const names = topics.map(topic => `"${topic}"`).join(', ')
  const sentence =
    topics.length === 1
      ? `The topic ${names} does not exist.`
      : `The topic ${names} does not exist, or not all of these do.`
  return new KafkaError('KAFKA_TOPIC_MISSING', sentence, answer, { cause: error })
}
