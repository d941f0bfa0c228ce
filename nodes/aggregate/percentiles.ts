import { TDigest } from 'tdigest'

/** So many values are kept as they are; beyond that, percentiles are estimates. */
export const EXACT_VALUES = 1000

/** Values, and centroids of those that came before: mean and count by turns. */
export interface Spread {
  values: number[]
  digest?: number[]
}

/** A centroid holds at most this share of all values (T. Dunning, t-digest). */
const DELTA = 0.01

export function addToSpread(spread: Spread, value: number): void {
  spread.values.push(value)
  if (spread.values.length <= EXACT_VALUES) return
  spread.digest = flat(digestOf(spread))
  spread.values = []
}

/**
 * The value below which this share lies. Exact as PERCENTILE_CONT has it in SQL: between two values
 * it is in proportion. NaN without values.
 * @param share 0 … 1
 */
export function percentile(spread: Spread, share: number): number {
  if (spread.digest !== undefined) return digestOf(spread).percentile(share) ?? Number.NaN
  const sorted = Float64Array.from(spread.values).sort()
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
  return low + (high - low) * (place - below)
}

function digestOf({ values, digest = [] }: Spread): TDigest {
  const points = values.map(mean => ({ mean, n: 1 }))
  for (let index = 0; index < digest.length; index += 2)
    points.push({ mean: digest[index]!, n: digest[index + 1]! })
  // The library shuffles by chance, and a replay would give other results. So it is told never to.
  const made = new TDigest(DELTA, 0)
  made.push_centroid(shuffled(points))
  return made
}

const flat = (digest: TDigest) => digest.toArray().flatMap(({ mean, n }) => [mean, n])

/** Numbers in rising order are the worst case of a t-digest. The same order each time. */
function shuffled<T>(items: T[]): T[] {
  let random = 12_345
  for (let index = items.length - 1; index > 0; index--) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff
    const other = (random >>> 8) % (index + 1)
    const kept = items[index]!
    items[index] = items[other]!
    items[other] = kept
  }
  return items
}
