import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { spec } from './spec.ts'

export type AlarmOptions = Options<typeof spec>

/** Of a field that must hold a duration; the form has checked it. */
export const msOf = (text: string): number => durationMs(text) ?? 0

/** @throws OptionsError for settings that cannot be used together */
export function checkTogether({ when, low, high, deadband, silence }: AlarmOptions): void {
  const { fields } = spec
  const problems: string[] = []
  if (when === 'outside' && high <= low)
    problems.push(`${fields.high.label}: must be more than the lower limit`)
  if (when === 'outside' && high - low <= 2 * deadband && deadband > 0)
    problems.push(`${fields.deadband.label}: nothing is left between the limits to come back to`)
  if (when === 'silent' && msOf(silence) < 1000)
    problems.push(`${fields.silence.label}: must be at least 1 s`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
}
