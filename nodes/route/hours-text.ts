const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** On which days of the week, and from when to when on the clock. */
export interface Hours {
  /** Monday is 0. */
  readonly days: ReadonlySet<number>
  readonly fromMs: number
  /** Not after `fromMs`: it is on the next day. */
  readonly toMs: number
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const EVERY_DAY: ReadonlySet<number> = new Set(DAYS.keys())
const DAY = /^[a-z]{2,9}$/
const TIMES = /^(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)$/
const MAX_CHARACTERS = 200
const EXAMPLE = 'Mon-Fri 06:00-22:00'

/** What is wrong with hours such as `Mon-Fri 06:00-22:00; Sat 08:00-12:00`, in words. */
export function hoursProblems(text: string): string[] {
  const problem = hoursIn(text)
  return typeof problem === 'string' ? [problem] : []
}

/** The hours, or what is wrong with them. */
export function hoursIn(text: string): readonly Hours[] | string {
  const parts = text
    .slice(0, MAX_CHARACTERS)
    .replace(/[–—]/g, '-')
    .replace(/\s*-\s*/g, '-')
    .split(';')
    .map(part => part.trim().toLowerCase())
  const hours: Hours[] = []
  for (const part of parts) {
    const one = parsedPart(part)
    if (typeof one === 'string') return one
    hours.push(one)
  }
  return text.length > MAX_CHARACTERS ? 'it is too long' : hours
}

function parsedPart(part: string): Hours | string {
  const words = part.split(/[\s,]+/).filter(word => word !== '')
  if (words.length === 0) return `give hours such as ${EXAMPLE}`
  const times = TIMES.exec(words.at(-1)!)
  const names = times === null ? words : words.slice(0, -1)
  const days = new Set<number>()
  for (const name of names) {
    const found = daysOf(name)
    if (found === undefined) return `"${name}" is no day and no hours such as ${EXAMPLE}`
    for (const day of found) days.add(day)
  }
  const [fromMs, toMs] = times === null ? [0, DAY_MS] : clocksOf(times)
  if (fromMs === undefined || toMs === undefined) return `no clock shows ${words.at(-1)}`
  return { days: days.size === 0 ? EVERY_DAY : days, fromMs, toMs }
}

/** The days of `mon` or `fri-mon`. */
function daysOf(text: string): number[] | undefined {
  const [from, to = from, ...more] = text.split('-').map(dayOf)
  if (from === undefined || to === undefined || more.length > 0) return undefined
  const count = ((to - from + 7) % 7) + 1
  return Array.from({ length: count }, (_, index) => (from + index) % 7)
}

function dayOf(name: string): number | undefined {
  const index = DAY.test(name) ? DAYS.findIndex(day => name.startsWith(day)) : -1
  return index < 0 ? undefined : index
}

const clocksOf = ([, hour, minute, toHour, toMinute]: RegExpExecArray) => [
  clockOf(Number(hour), Number(minute)),
  clockOf(Number(toHour), Number(toMinute))
]

const clockOf = (hour: number, minute: number): number | undefined =>
  (hour < 24 && minute < 60) || (hour === 24 && minute === 0)
    ? (hour * 60 + minute) * MINUTE_MS
    : undefined
