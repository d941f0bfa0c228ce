/** How long it takes, as a person writes it: `90 s`, `15 min`, `1 h 30 min`, `1 week`. */

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000
}

const PART = /(\d+(?:\.\d+)?)\s*([a-z]+)\s*/gy
const MAX_CHARACTERS = 60

/** Milliseconds; undefined if the text is no duration. A number needs its unit. */
export function durationMs(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase()
  if (trimmed === '' || trimmed.length > MAX_CHARACTERS) return undefined
  let ms = 0
  PART.lastIndex = 0
  for (let at = 0; at < trimmed.length; at = PART.lastIndex) {
    const [, count, name = ''] = PART.exec(trimmed) ?? []
    const unit = unitOf(name)
    if (count === undefined || unit === undefined) return undefined
    ms += Number(count) * unit
  }
  return Math.round(ms)
}

function unitOf(name: string): number | undefined {
  const known = Object.hasOwn(UNITS, name) ? name : name.replace(/s$/, '')
  return Object.hasOwn(UNITS, known) ? UNITS[known] : undefined
}

const SHOWN = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000]
] as const

/** The text of a duration, in the largest unit that needs no fraction: `90 s`, `2 h`. */
export function durationText(ms: number): string {
  const fitting = SHOWN.find(([, unit]) => ms >= unit && ms % unit === 0)
  return fitting ? `${ms / fitting[1]} ${fitting[0]}` : `${ms} ms`
}
