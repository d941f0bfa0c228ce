import { versionOf } from '../../core/state/versioned.ts'
import type { DeadbandOptions } from './settings.ts'

/** The settings by which a state is read. */
export function versionOfSettings(options: DeadbandOptions): string {
  const { method, key, timeField, valueField, keep, every } = options
  const fields = [method, key, timeField, method === 'duplicates' ? '' : valueField]
  return versionOf(method === 'interval' ? [...fields, keep, every] : fields)
}
