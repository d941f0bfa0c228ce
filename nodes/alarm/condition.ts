import { isExactNumber } from '../../core/record/exact-decimal.ts'
import type { AlarmOptions } from './settings.ts'

/** Judges values. */
export interface AlarmCondition {
  /**
   * Whether a value is as it should not be; undefined for one that cannot be judged.
   * @param wasMet what was said of the value before it, since a value must come back further than
   * it went
   * @param own the limit of this device, where it has one
   */
  isMet(value: unknown, wasMet: boolean, own?: number): boolean | undefined
  /** Of two values the one that is further beyond the limit. */
  peakOf(peak: unknown, value: unknown): unknown
  /** As events tell it; undefined where there is none. */
  readonly limit: unknown
}

/** A deadband of 0.1 below 20.4 is 20.3, whatever binary fractions make of the difference. */
const ROUNDING = 1e-9

export function conditionOf(options: AlarmOptions): AlarmCondition {
  const { when, limit, low, high, deadband } = options
  switch (when) {
    case 'above':
      return by(limit, (value, own = limit) => value - own, deadband)
    case 'below':
      return by(limit, (value, own = limit) => own - value, deadband)
    case 'outside':
      return by([low, high], value => Math.max(value - high, low - value), deadband)
    default:
      return byText(options)
  }
}

/** @param beyond how far a value is beyond the limit; negative within it */
function by(
  limit: number | readonly number[],
  beyond: (value: number, own?: number) => number,
  deadband: number
): AlarmCondition {
  return {
    limit,
    isMet(given, wasMet, own) {
      const value = numberOf(given)
      if (value === undefined) return undefined
      const excess = beyond(value, own)
      if (!wasMet) return excess > 0
      return deadband === 0 ? excess > 0 : excess > -deadband * (1 - ROUNDING)
    },
    peakOf(peak, value) {
      const before = numberOf(peak)
      return before !== undefined && beyond(before) >= beyond(numberOf(value)!) ? peak : value
    }
  }
}

function byText({ when, text }: AlarmOptions): AlarmCondition {
  return {
    limit: when === 'silent' ? undefined : text,
    isMet(value) {
      if (when === 'silent') return false
      if (value === null || value === undefined || typeof value === 'object') return undefined
      const isSame = String(value) === text || (text !== '' && numberOf(value) === Number(text))
      return isSame === (when === 'equals')
    },
    peakOf: (_peak, value) => value
  }
}

const isDigits = (value: unknown) => typeof value === 'string' && /^-?\d[\d.eE+-]*$/.test(value)

export function numberOf(value: unknown): number | undefined {
  // A text that is kept of a number of many digits is compared as one.
  const number = isExactNumber(value) || isDigits(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
