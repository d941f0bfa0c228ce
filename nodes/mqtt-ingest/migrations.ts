import type { Migrations, Saved } from '../../core/node/migrate.ts'

const LINGER_BY_DEFAULT = 10

/** 2: the pace says how long batches gather. A linger that somebody has set stays. */
export const migrations: Migrations = { 2: paceForLinger }

function paceForLinger({ lingerMs, ...saved }: Saved): Saved {
  if (lingerMs === undefined || Number(lingerMs) === LINGER_BY_DEFAULT) return saved
  return { ...saved, pace: 'own', lingerMs }
}
