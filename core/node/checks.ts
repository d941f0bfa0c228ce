import {
  brokersProblems,
  entriesOf,
  hostProblems,
  hostsProblems,
  httpUrlProblems,
  isTopicName,
  lookupUrlProblems,
  mqttUrlProblems,
  postgresUrlProblems,
  tokenUrlProblems
} from '../address.ts'
import { unknownChecks } from '../advice/codes.ts'
import { durationMs } from '../duration.ts'
import { isFieldPath } from '../record/field-path.ts'
import { mqttTextProblems, riskyIn } from '../record/mqtt-text.ts'
import { textTemplateProblems } from '../record/text-template-problems.ts'
import { topicTemplateProblems } from '../record/topic-template.ts'
import { isTableName } from '../table-name.ts'
import { isTimeZone } from '../time-zone.ts'

/**
 * What a text can be checked for, by the name that a field's spec gives: what is wrong with it, in
 * words. The dialog and the node at deploy ask the same functions, so they run in browsers too. An
 * empty text is not asked about.
 */
const CHECKS = {
  'mqtt-url': mqttUrlProblems,
  'postgres-url': postgresUrlProblems,
  'lookup-url': lookupUrlProblems,
  'token-url': tokenUrlProblems,
  'http-url': httpUrlProblems,
  host: hostProblems,
  hosts: hostsProblems,
  brokers: brokersProblems,
  'kafka-topic': text => (isTopicName(text) ? [] : [noTopic(text)]),
  'kafka-topics': text =>
    entriesOf(text).flatMap(name => (isTopicName(name) ? [] : [noTopic(name)])),
  'topic-template': topicTemplateProblems,
  'topic-filter': text => [
    ...topicTemplateProblems(text),
    ...(/[{}]/.test(text) ? ['a filter has + and #, not fields'] : [])
  ],
  'published-topic': text => [
    ...topicTemplateProblems(text),
    ...(/(^|\/)[+#](\/|$)/.test(text) ? ['a topic to publish to has no + and no #'] : [])
  ],
  'answer-topic': text =>
    /[+#]/.test(text) || riskyIn(text) !== undefined
      ? ['a topic that devices answer to has no +, no # and no control character']
      : [],
  'mqtt-text': mqttTextProblems,
  'mqtt-text-template': text => [...textTemplateProblems(text), ...mqttTextProblems(text)],
  'text-template': textTemplateProblems,
  'field-path': text => (isFieldPath(text) ? [] : [`"${text}" is not the path of a field`]),
  'table-name': text =>
    isTableName(text)
      ? []
      : [`"${text}" is not the name of a table such as telemetry or iot.telemetry`],
  'time-zone': text =>
    isTimeZone(text)
      ? []
      : [`there is no time zone "${text}"; give a name such as Europe/Berlin, or an offset`],
  'check-codes': unknownChecks,
  duration: text =>
    durationMs(text) === undefined
      ? [`"${text}" is no duration such as 30 s, 15 min or 1 h 30 min`]
      : [],
  instant: text =>
    isInstant(text) ? [] : [`"${text}" is not a time such as 2026-01-31T00:00:00Z`],
  'full-path': text =>
    /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(text)
      ? []
      : ['must be a full path, such as /data/devices.csv'],
  'keys-statement': text =>
    text.includes('$1')
      ? []
      : ['must have $1 where the devices go, as in WHERE device_id = ANY($1)']
} as const satisfies Record<string, (text: string) => readonly string[]>

export type Check = keyof typeof CHECKS

export const checked = (check: Check, text: string): readonly string[] => CHECKS[check](text)

const noTopic = (text: string) => `"${text}" is no name of a topic`

const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/

/**
 * ISO 8601; without a zone it would mean another time on another machine. `Date.parse` takes the
 * 31st of February for March.
 */
function isInstant(text: string): boolean {
  const day = INSTANT.exec(text)?.[1]
  if (day === undefined || Number.isNaN(Date.parse(text))) return false
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}
