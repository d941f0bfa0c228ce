import { PIECES } from './template-problems.ts'

const HOUR_MS = 3_600_000
const PARTS: Readonly<Record<string, string>> = {
  date: '(?<date>\\d{4}-\\d{2}-\\d{2})',
  year: '(?<year>\\d{4})',
  month: '(?<month>\\d{2})',
  day: '(?<day>\\d{2})',
  hour: '(?<hour>\\d{2})'
}

/** Which files a template may have written, and for which time each of them is. */
export interface PathRange {
  /** What all paths begin with. */
  readonly prefix: string
  /** False where the file is none of the template. */
  matches(path: string): boolean
  /**
   * From when on and until when its records are, in milliseconds since 1970; undefined where its
   * path does not say.
   */
  rangeOf(path: string): readonly [fromMs: number, untilMs: number] | undefined
}

/** Of a template without problems. */
export function pathRange(template: string): PathRange {
  const named = new Set<string>()
  let pattern = ''
  for (const [piece, field] of template.matchAll(PIECES)) {
    const isNew = field !== undefined && Object.hasOwn(PARTS, field) && !named.has(field)
    if (isNew) named.add(field)
    if (field === undefined) pattern += piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    else pattern += isNew ? PARTS[field] : '[^/]+'
  }
  const end = template === '' || template.endsWith('/') ? '' : '/'
  const expression = new RegExp(`^${pattern}${end}[^/]+$`)
  return {
    prefix: template.slice(0, template.search(/\{|$/)),
    matches: path => expression.test(path),
    rangeOf(path) {
      const { date, year, month, day, hour } = expression.exec(path)?.groups ?? {}
      const first = date ?? [year, month, day].filter(Boolean).join('-')
      const isDay = first.length === 10
      const fromMs = isDay ? Date.parse(`${first}T${hour ?? '00'}:00:00Z`) : Number.NaN
      if (Number.isNaN(fromMs)) return undefined
      return [fromMs, fromMs + (hour === undefined ? 24 * HOUR_MS : HOUR_MS)]
    }
  }
}
