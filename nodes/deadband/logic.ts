import { getter } from '../../core/record/field-path.ts'
import type { Remembering } from '../../core/state/counted-engine.ts'
import type { Memory } from '../../core/state/types.ts'
import { versioned } from '../../core/state/versioned.ts'
import { duplicates } from './duplicates.ts'
import { byException } from './exception.ts'
import { type DeadbandOptions, type DeadbandSettings, msOf, settingsOf } from './settings.ts'
import { swingingDoor } from './swinging-door.ts'
import { thinning } from './thinning.ts'
import { versionOfSettings } from './versioned.ts'

const METHODS = {
  exception: byException,
  door: swingingDoor,
  interval: thinning,
  duplicates
} as const

/** What of a key waits for more leaves when it has been silent for so long. */
const IDLE_MS = 5_000

/**
 * What the node remembers, and how time passes for it.
 * @throws OptionsError for settings that cannot be used together
 */
export function deadband(options: DeadbandOptions): Remembering<unknown> {
  const make: (settings: DeadbandSettings) => unknown = METHODS[options.method]
  const ordered = options.method !== 'duplicates'
  return {
    memory: versioned(
      make(settingsOf(options)) as Memory<unknown>,
      versionOfSettings(options)
    ) as Memory<unknown>,
    clock: {
      runs: 'key',
      latenessMs: ordered ? msOf(options.lateness) : 0,
      idleMs: IDLE_MS,
      aheadMs: msOf(options.ahead),
      ordered
    },
    bounds: { maxKeys: options.maxKeys, maxAgeMs: msOf(options.maxAge) },
    drawn: {
      key: options.key.map(({ field }) => field),
      valueIn: getter(options.valueField)
    }
  }
}
