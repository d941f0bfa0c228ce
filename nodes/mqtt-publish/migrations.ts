import type { Migrations } from '../../core/node/migrate.ts'

const TOPIC_BY_DEFAULT = '{org}/{site}/{device_type}/{device_id}/alert'

/**
 * 2: the topic by default needs no field. A flow that was written by hand may have left out the
 * topic of before.
 */
export const migrations: Migrations = {
  2: saved => ({ topic: TOPIC_BY_DEFAULT, ...saved })
}
