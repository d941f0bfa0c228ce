import {
  answerTo,
  type Finding,
  type Learn,
  type Question,
  share
} from '../../core/learn/learned.ts'
import { topicTemplateOf } from '../../core/learn/topics.ts'
import { MOST_FIELDS, trimmed } from '../../core/learn/trimmed.ts'
import { parseOptions } from '../../core/node/spec.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { provenanceOf } from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { compileTopicTemplate } from '../../core/record/topic-template.ts'
import { apartBy } from './apart.ts'
import type { Prepare } from './calculated.ts'
import { reshaper } from './logic.ts'
import { type OwnShape, ownShape } from './own-shape.ts'
import { PRESETS, type PresetName } from './presets.ts'
import { type Came, SIGNS } from './signs.ts'
import { spec } from './spec.ts'

type Settings = Record<string, unknown>
type Answers = Parameters<Learn>[2]

/** So many records of the samples are looked at. */
const MOST_RECORDS = 500
const SHOWN = 4

/** The make of the devices, or the shape of what they send; the fields of topic and time. */
export const learn: Learn = async (observed, _values, answers) => {
  let isCut = false
  const messages = observed.map(
    ({ topic, payload }): Message => ({
      topic,
      payload: trimmed(payload, () => {
        isCut = true
      })
    })
  )
  const came = messages.flatMap(cameBy).slice(0, MOST_RECORDS)
  if (came.length === 0) return { findings: [], questions: [] }
  const start = presetFor(came) ?? ownFor(came, answers)
  const settings: Settings = { ...start.settings }
  const topics = [...new Set(came.flatMap(({ topic }) => (topic.includes('/') ? topic : [])))]
  const findings = [...start.findings, ...topicFinding(settings, topics)]
  const named = async () => {
    const rows = await rowsOf(settings, messages)
    if (rows.every(row => row.device_id !== undefined) || settings.topic !== undefined) return rows
    findings.push(...deviceByTopic(settings, topics, start.isLong))
    return rowsOf(settings, messages)
  }
  let rows = await named()
  const apart = start.isOwn
    ? apartBy(await eachRows(settings, messages), messages, settings, answers)
    : undefined
  if (apart !== undefined) {
    for (const name of apart.without) delete settings[name]
    Object.assign(settings, apart.settings)
    findings.push(...apart.findings)
    rows = await named()
  }
  const time = timeFor(settings, rows, messages, answers)
  const isReady = start.isLong && time.questions.length === 0 && hasAll(messages)
  return {
    findings: [
      ...withSettings(findings, settings),
      ...time.findings,
      ...madeFinding(rows),
      ...(isCut ? [CUT] : [])
    ],
    questions: [...start.questions, ...(apart?.questions ?? []), ...time.questions],
    isNeeded: !isReady
  }
}

const CUT: Finding = {
  says: `Of more than ${MOST_FIELDS} fields beside each other the first ${MOST_FIELDS} were looked at`,
  evidence: '',
  settings: {}
}

interface Start {
  readonly settings: Settings
  readonly findings: Finding[]
  readonly questions: readonly Question[]
  readonly isLong: boolean
  /** Of no known make. */
  readonly isOwn: boolean
}

const cameBy = (message: Message): Came[] =>
  recordsOf(message.payload).map(record => ({ record, topic: topicOf(record, message) }))

/** All fields of the dialog: what a preset or a person had before does not shine through. */
const withSettings = ([first, ...others]: readonly Finding[], settings: Settings): Finding[] => {
  const usual = Object.fromEntries(
    Object.entries(spec.fields).map(([name, field]) => [name, field.default])
  )
  return first === undefined
    ? []
    : [{ ...first, settings: { preset: 'own', ...usual, ...settings } }, ...others]
}

/** The make whose signs all the records have but a tenth, which may be of something else. */
function presetFor(came: readonly Came[]): Start | undefined {
  for (const [name, sign] of SIGNS) {
    const count = came.filter(sign).length
    if (count < came.length * 0.9) continue
    const { label, settings } = PRESETS[name as PresetName]
    return {
      settings: { preset: name, ...settings },
      findings: [
        {
          says: `The messages are of ${label}`,
          evidence: share(count, came.length),
          settings: {}
        }
      ],
      questions: [],
      isLong: false,
      isOwn: false
    }
  }
  return undefined
}

const LEFT_OUT = { no: 'left out', yes: 'taken as well' } as const
const WORDS = { no: 'left out', yes: 'taken as numbers, 1 and 0' } as const
const NUMBERS = { no: 'left out', yes: 'taken as numbers' } as const
const LISTS = { no: 'left out', yes: 'taken apart, one measurement for each place' } as const

function ownFor(came: readonly Came[], answers: Answers): Start {
  const shape = ownShape(came.map(({ record }) => record))
  const questions: Question[] = []
  const settings: Settings = { ...shape.settings }
  const ask = (
    name: string,
    asks: string,
    choices: Readonly<Record<'no' | 'yes', string>>,
    usual: 'no' | 'yes' = 'no'
  ) => {
    const answer = answerTo(answers, name, choices, usual)
    questions.push({ name, asks, answer, choices })
    return answer === 'yes'
  }
  if (shape.booleans.length > 0)
    settings.booleans = ask('booleans', `True and false (${few(shape.booleans)}) are`, LEFT_OUT)
  const values: { metric: string; action: string; by: string }[] = []
  const words = shape.words.map(({ field }) => field)
  if (words.length > 0 && ask('words', `The words of ${few(words)} are`, WORDS))
    values.push(...shape.words.map(({ field, by }) => ({ metric: field, action: 'words', by })))
  const numbers = shape.numbers.map(({ field }) => field)
  if (numbers.length > 0 && ask('numbers', `Numbers as text (${few(numbers)}) are`, NUMBERS, 'yes'))
    values.push(...shape.numbers.map(({ field, action }) => ({ metric: field, action, by: '' })))
  if (values.length > 0) settings.values = values
  const isAll = shape.hasNumbers || numbers.length > 0
  if (shape.lists.length > 0)
    settings.lists = ask(
      'lists',
      `Lists of numbers (${few(shape.lists)}) are`,
      LISTS,
      isAll ? 'no' : 'yes'
    )
  // Lists in a list are often of something else; where nothing else holds a number, they are meant.
  else if (!isAll && shape.nested.length > 0)
    settings.lists = ask('lists', `Lists inside (${few(shape.nested)}) are`, LISTS, 'yes')
  const findings = [ownFinding(shape, came.length)]
  return { settings, findings, questions, isLong: shape.isLong, isOwn: true }
}

const ownFinding = ({ says }: OwnShape, records: number): Finding => ({
  says,
  evidence: share(records, records),
  settings: {}
})

/** A preset's topic is of its usual form; a fleet may have a prefix of its own. */
function topicFinding(settings: Settings, topics: readonly string[]): Finding[] {
  if (typeof settings.topic !== 'string') return []
  const template = compileTopicTemplate(settings.topic)
  if (topics.length > 0 && topics.every(topic => template.matches(topic))) return []
  delete settings.topic
  if (topics.length === 0) {
    delete settings.restTo
    return []
  }
  if (settings.restTo === undefined) return deviceByTopic(settings, topics)
  settings.topic = `${commonLevels(topics)}#`
  return [topicSays(settings.topic as string, topics)]
}

/** The levels that all topics begin with. */
function commonLevels(topics: readonly string[]): string {
  const split = topics.map(topic => topic.split('/'))
  const [first = []] = split
  const end = first.findIndex(
    (level, at) => at === first.length - 1 || split.some(levels => levels[at] !== level)
  )
  return first
    .slice(0, Math.max(end, 0))
    .map(level => `${level}/`)
    .join('')
}

function deviceByTopic(
  settings: Settings,
  topics: readonly string[],
  hasMetric = false
): Finding[] {
  const found = topicTemplateOf(topics, hasMetric)
  if (found === undefined || found.fields.length === 0) return []
  settings.topic = found.template
  return [topicSays(found.template, topics)]
}

const topicSays = (template: string, topics: readonly string[]): Finding => ({
  says: `The topics are of the form ${template}`,
  evidence: `${topics.length} ${topics.length === 1 ? 'topic' : 'topics'}`,
  settings: {}
})

const TIMES = {
  'kafka-time': 'of the Kafka record, the same at every delivery',
  arrival: 'of arrival here'
} as const

/** Messages that came by Kafka have its time; what others shall have is for a person to say. */
function timeFor(
  settings: Settings,
  rows: readonly Settings[],
  messages: readonly Message[],
  answers: Answers
): { findings: Finding[]; questions: Question[] } {
  const given = (settings.sources ?? []) as readonly { to: string; from: string }[]
  const isOwn = given.every(({ from }) => from !== 'kafka-time')
  if (isOwn && rows.every(({ ts }) => ts !== undefined)) return { findings: [], questions: [] }
  const byKafka = messages
    .flatMap(({ payload }) => recordsOf(payload))
    .every(record => provenanceOf(record)?.taken.origin.kind === 'kafka')
  const answer = answerTo(answers, 'time', TIMES, byKafka ? 'kafka-time' : '')
  const others = given.filter(({ to }) => to !== 'ts')
  const own = { to: 'ts', from: answer, of: '', wins: 'payload' }
  return {
    findings: [
      {
        says: 'The messages have no time',
        evidence: share(messages.length, messages.length, 'messages'),
        settings: answer === '' ? {} : { sources: [...others, own] }
      }
    ],
    questions: [{ name: 'time', asks: 'Their time is that', answer, choices: TIMES }]
  }
}

const hasAll = (messages: readonly Message[]): boolean =>
  messages
    .flatMap(({ payload }) => recordsOf(payload))
    .every(record =>
      ['device_id', 'metric', 'value'].every(
        name => (record as Settings | null)?.[name] !== undefined
      )
    )

/** No preset, and nothing that is proposed here, has an expression. */
const nothingCalculated: Prepare = text => {
  throw new Error(`There is no expression to calculate, but ${text}.`)
}

/** What these settings make of the messages. */
async function rowsOf(settings: Settings, messages: readonly Message[]): Promise<Settings[]> {
  return (await eachRows(settings, messages)).flat()
}

/** The rows of each message. */
async function eachRows(settings: Settings, messages: readonly Message[]): Promise<Settings[][]> {
  const reshape = reshaper(parseOptions(spec, settings), () => 0, nothingCalculated)
  const rows: Settings[][] = []
  for (const message of messages) rows.push([...(await reshape(message)).outputs[0]])
  return rows
}

function madeFinding(rows: readonly Settings[]): Finding[] {
  const metrics = [...new Set(rows.flatMap(({ metric }) => (metric ? [String(metric)] : [])))]
  if (metrics.length === 0)
    return rows.length > 0
      ? []
      : [
          {
            says: 'No measurement was found: no field of them holds a number',
            evidence: '0 rows',
            settings: {}
          }
        ]
  return [{ says: `Measurements: ${few(metrics)}`, evidence: `${rows.length} rows`, settings: {} }]
}

const few = (names: readonly string[]): string => {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  return `${names.slice(0, SHOWN).join(', ')}${more}`
}
