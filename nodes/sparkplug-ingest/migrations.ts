import type { Migrations } from '../../core/node/migrate.ts'
import { paceForLinger } from '../../core/source/pace-for-linger.ts'

export const migrations: Migrations = { 2: paceForLinger }
