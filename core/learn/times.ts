import { readIso } from '../record/iso-time.ts'
import { sureness } from './names.ts'
import { type FieldFacts, isObject, nameOf, type Survey } from './survey.ts'

/** How a value can be a time, without a look at what it means. */
export type TimeForm = 'epoch' | 'iso' | 'spelled' | 'parts'

export interface TimeField {
  readonly facts: FieldFacts
  readonly form: TimeForm
}

/** From 2000 to 2100, in seconds. */
const FROM_S = 946_684_800
const UNTIL_S = 4_102_444_800
const UNITS = [1, 1e3, 1e6, 1e9]

const isEpoch = (value: number): boolean =>
  UNITS.some(unit => value >= FROM_S * unit && value < UNTIL_S * unit)

/** Digits and the words that stand between them: 31.12.2024 23:59, Fri Feb 23 13:46:40 2024. */
const SPELLED =
  /^(?=.{8,60}$)(?:\p{L}{2,10}[., ]*)?(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}[-/. ]+\p{L}{3,9}[-/., ]+\d{2,4}|\p{L}{3,9} +\d{1,2}.*\d{4}|\d{8}T?\d{4,6}|\\?\/Date\(.+)/u

export function timeFormOf(value: unknown): TimeForm | undefined {
  if (typeof value === 'number' || typeof value === 'bigint')
    return isEpoch(Number(value)) ? 'epoch' : undefined
  if (typeof value === 'string') return formOfText(value.trim())
  if (isObject(value) && Object.keys(value).some(key => /^_?seconds$/.test(key))) return 'parts'
  return undefined
}

function formOfText(text: string): TimeForm | undefined {
  if (text.length > 80) return undefined
  if (/^-?\d+(\.\d+)?(e\d+)?$/i.test(text)) return isEpoch(Number(text)) ? 'epoch' : undefined
  if (readIso(text) !== undefined) return 'iso'
  return SPELLED.test(text) ? 'spelled' : undefined
}

/**
 * The field that holds the time of the records: by its name and by its values. A number without the
 * name of a time is none, since a counter may be as large; a text of date and time is, whatever
 * people call it, where it is the only one.
 */
export function timeFieldOf(survey: Survey): TimeField | undefined {
  return namedTimeOf(survey) ?? onlyTimeOf(survey)
}

function onlyTimeOf({ fields, records }: Survey): TimeField | undefined {
  const found = fields.flatMap(facts => {
    const form = formOfAll(facts.values.filter(value => typeof value === 'string'))
    const isText = form === 'iso' || form === 'spelled'
    const isOften = facts.seen * 2 > records && facts.kinds.get('text') === facts.seen
    return isText && isOften ? [{ facts, form }] : []
  })
  return found.length === 1 ? found[0] : undefined
}

function namedTimeOf({ fields, records }: Survey): TimeField | undefined {
  let best: (TimeField & { readonly rank: number }) | undefined
  for (const facts of fields) {
    const sure = sureness(nameOf(facts), 'time')
    const there = facts.values.filter(value => value !== null && value !== '')
    const form = formOfAll(there)
    if (form === undefined || facts.seen * 2 <= records) continue
    if (sure === 0 && (form === 'epoch' || !/time|date|_at$|At$/i.test(nameOf(facts)))) continue
    const rank = sure - 30 * (facts.steps.length - 1) + (form === 'iso' ? 2 : 0)
    if (best === undefined || rank > best.rank) best = { facts, form, rank }
  }
  return best
}

/** One form for all of them but a tenth, which may be mistakes. */
function formOfAll(values: readonly unknown[]): TimeForm | undefined {
  const counts = new Map<TimeForm, number>()
  for (const value of values) {
    const form = timeFormOf(value)
    if (form !== undefined) counts.set(form, (counts.get(form) ?? 0) + 1)
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1])
  return most !== undefined && most[1] >= values.length * 0.9 ? most[0] : undefined
}
