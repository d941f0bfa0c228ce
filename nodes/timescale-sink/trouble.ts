import type { DatabaseFailure } from '../../core/postgres/attempts.ts'
import { awayWords, databaseSentence, databaseWords } from '../../core/postgres/connect-errors.ts'
import type { DatabaseSettings } from '../../core/postgres/settings.ts'
import type { SinkTrouble } from '../../core/sink/types.ts'

/**
 * What a failure of the database means to those who wait. However it is away, the log has that
 * once.
 */
export function troubleOf(
  { kind, error }: DatabaseFailure,
  settings: DatabaseSettings
): SinkTrouble {
  const sentence = databaseSentence(error, settings)
  if (kind === 'away') return { words: awayWords(error), sentence, mend: false, topic: 'away' }
  return { words: databaseWords(error), sentence, mend: true }
}
