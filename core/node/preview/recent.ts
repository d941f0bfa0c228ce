import { timeFormOf } from '../../learn/times.ts'

/** From here on a number counts milliseconds: the year 5138 in seconds. */
const MS_FROM = 1e11

/** The same with times of now, where numbers count seconds or milliseconds since 1970. */
export function madeNow(given: unknown, nowMs: number): unknown {
  if (Array.isArray(given)) return given.map(each => madeNow(each, nowMs))
  if (typeof given === 'object' && given !== null)
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, madeNow(value, nowMs)])
    )
  if (typeof given !== 'number' || timeFormOf(given) === undefined) return given
  return given < MS_FROM ? Math.floor(nowMs / 1000) : nowMs
}
