import type { Migrations } from '../../core/node/migrate.ts'
import { paceForLinger } from '../../core/source/pace-for-linger.ts'

const TOPIC_BY_DEFAULT = '{org}/{site}/{device_type}/{device_id}/{measurement}'

const OWN = { wide: 'loops', undefined: 'always' } as const

/**
 * 3: every topic is the default. A flow that was written by hand may have left out the topics of
 * before.
 *
 * 4: what a flow publishes is left out where it comes back to the node that it began with. A flow
 * that never said goes on to take all.
 */
export const migrations: Migrations = {
  2: paceForLinger,
  3: saved => ({ topic: TOPIC_BY_DEFAULT, ...saved }),
  4: ({ own, ...saved }) => ({
    ...saved,
    own: own === 'wide' || own === undefined ? OWN[`${own}`] : own
  })
}
