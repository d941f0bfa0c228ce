import type { Saved } from '../node/migrate.ts'

const LINGER_BY_DEFAULT = 10

/**
 * A step to the version in which the pace says how long batches gather. A linger that somebody has
 * set stays.
 */
export function paceForLinger({ lingerMs, ...saved }: Saved): Saved {
  if (lingerMs === undefined || Number(lingerMs) === LINGER_BY_DEFAULT) return saved
  return { ...saved, pace: 'own', lingerMs }
}
