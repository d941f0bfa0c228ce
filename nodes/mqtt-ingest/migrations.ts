import type { Migrations } from '../../core/node/migrate.ts'
import { paceForLinger } from '../../core/source/pace-for-linger.ts'

const TOPIC_BY_DEFAULT = '{org}/{site}/{device_type}/{device_id}/{measurement}'

/**
 * 3: every topic is the default. A flow that was written by hand may have left out the topics of
 * before.
 */
export const migrations: Migrations = {
  2: paceForLinger,
  3: saved => ({ topic: TOPIC_BY_DEFAULT, ...saved })
}
