import type { Migrations, Saved } from '../../core/node/migrate.ts'

const BATCHES_BY_DEFAULT = 100
const BATCH_SIZE_BY_DEFAULT = 500
/**
 * As the field `maxInFlight` of version 2 allows; so many records are never on their way, as their
 * bytes are bounded, too.
 */
const MOST_RECORDS = 1_000_000

/** 2: `maxInFlight` counts records. It was the number of batches, of `batchSize` records each. */
export const migrations: Migrations = { 2: recordsForBatches }

function recordsForBatches({ maxInFlight, ...saved }: Saved): Saved {
  const hasDefaults = maxInFlight === undefined && saved.batchSize === undefined
  const batches = Number(maxInFlight ?? BATCHES_BY_DEFAULT)
  // What an environment variable says of batches cannot be told here: the default of records holds
  // the same memory.
  if (hasDefaults || Number.isNaN(batches)) return saved
  const batchSize = Number(saved.batchSize ?? BATCH_SIZE_BY_DEFAULT) || BATCH_SIZE_BY_DEFAULT
  return { ...saved, maxInFlight: Math.min(batches * batchSize, MOST_RECORDS) }
}
