import type { DatabaseFailure } from '../../core/postgres/attempts.ts'
import {
  awayWords,
  type DatabasePlace,
  databaseSentence,
  databaseWords
} from '../../core/postgres/connect-errors.ts'
import type { SinkTrouble } from '../../core/sink/types.ts'

/**
 * What a failure of the database means to those who wait. However it is away, the log has that
 * once.
 */
export function troubleOf({ kind, error }: DatabaseFailure, place: DatabasePlace): SinkTrouble {
  const sentence = databaseSentence(error, place)
  if (kind === 'away') return { words: awayWords(error), sentence, mend: false, topic: 'away' }
  return { words: databaseWords(error), sentence, mend: true }
}
