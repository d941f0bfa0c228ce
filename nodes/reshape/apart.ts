import { type Answers, answerTo, type Finding, type Question } from '../../core/learn/learned.ts'
import { holdsOnly, isObject, nameOf, surveyOf } from '../../core/learn/survey.ts'
import { getter } from '../../core/record/field-path.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { byPlace, elementsOf } from './own-shape.ts'

type Settings = Readonly<Record<string, unknown>>

/** What keeps rows apart that would be one. */
export interface Apart {
  readonly settings: Settings
  /** Settings that fall away. */
  readonly without: readonly string[]
  readonly findings: readonly Finding[]
  readonly questions: readonly Question[]
}

const PLACE = 'place'
/** More fields are no choice for a person. */
const MOST_FIELDS = 12

/**
 * A table keeps one row for each time, device and metric. Where a message gives several with other
 * values, a person says what tells them apart; undefined where none does.
 * @param rows what each message becomes with these settings
 */
export function apartBy(
  rows: readonly (readonly Settings[])[],
  messages: readonly Message[],
  settings: Settings,
  answers: Answers
): Apart | undefined {
  const lost = rows.reduce((sum, each) => sum + lostIn(each), 0)
  if (lost === 0) return undefined
  const records = messages.map(({ payload }) => recordsOf(payload))
  const list = typeof settings.listPath === 'string' ? settings.listPath : undefined
  const elements = records.map(each => (list === undefined ? each : elementsOf(each, list)))
  const target = rows.flat().some(({ metric }) => metric === undefined) ? 'metric' : 'device_id'
  const fields = tellers(elements, settings)
  const choices = {
    ...(list === undefined ? {} : { [PLACE]: `their place in the list, as ${list}.0` }),
    ...Object.fromEntries(fields.map(field => [field, `${field}, which becomes ${target}`]))
  }
  const says = 'Several values of a message have the same time, device and metric'
  const finding = { says, evidence: `${lost} rows would be lost`, settings: {} }
  if (Object.keys(choices).length === 0)
    return { settings: {}, without: [], findings: [finding], questions: [] }
  const answer = answerTo(answers, 'apart', choices, list === undefined ? '' : PLACE)
  const asks = 'Values of one time, device and metric are told apart by'
  return {
    ...(answer === PLACE ? wholeOf(records.flat()) : namedBy(answer, target, settings)),
    findings: [finding],
    questions: [{ name: 'apart', asks, answer, choices }]
  }
}

const wholeOf = (records: readonly unknown[]) => ({
  settings: byPlace(records),
  without: ['recordsAt', 'listPath', 'others']
})

function namedBy(field: string, target: string, settings: Settings) {
  const before = settings.keep as readonly { readonly from: string; readonly to: string }[]
  const others = before.filter(({ from, to }) => (to || from) !== target && from !== field)
  const keep = [{ from: field, to: field === target ? '' : target }, ...others]
  return { settings: field === '' ? {} : { keep }, without: [] }
}

/** Rows that have the time, device and metric of one before, and another value. */
function lostIn(rows: readonly Settings[]): number {
  const values = new Map<string, unknown>()
  let lost = 0
  for (const { ts, device_id, metric, value } of rows) {
    const key = JSON.stringify([String(ts), String(device_id), String(metric)])
    if (values.has(key) && values.get(key) !== value) lost++
    else values.set(key, value)
  }
  return lost
}

/** Fields that differ in each element of a message: names and numbers, and no measurements. */
function tellers(messages: readonly (readonly unknown[])[], settings: Settings): string[] {
  const survey = surveyOf(messages.flat())
  const kept = settings.keep as readonly { readonly from: string; readonly to: string }[]
  const isTime = (path: string) =>
    kept.some(({ from, to }) => from === path && (to || from) === 'ts')
  return survey.fields
    .filter(facts => holdsOnly(facts, 'text') || TELLS.test(nameOf(facts)))
    .filter(facts => facts.steps.length <= 2 && !isTime(facts.path))
    .map(({ path }) => path)
    .filter(path => messages.every(elements => differIn(path, elements)))
    .slice(0, MOST_FIELDS)
}

/** Numbers that name something. */
const TELLS =
  /^(id|no|nr|n|num|number|index|idx|i|ch|chan|channel|port|slot|unit_?id|address|addr)$/i

function differIn(path: string, elements: readonly unknown[]): boolean {
  const get = getter(path)
  const values = elements.map(each => (isObject(each) ? get(each) : undefined))
  return values.every(value => value !== undefined) && new Set(values).size === values.length
}
