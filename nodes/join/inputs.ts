import { entriesOf } from '../../core/address.ts'
import { getter } from '../../core/record/field-path.ts'
import type { Message } from '../../core/record/message.ts'
import { lastHeader, provenanceOf, type TelemetryRecord } from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { compileTopicTemplate } from '../../core/record/topic-template.ts'
import type { Side } from './held.ts'
import type { JoinOptions } from './settings.ts'

/** The input that a record is of; undefined where it is of neither. */
export type InputOf = (record: TelemetryRecord, message: Message | undefined) => Side | undefined

/** Tells the inputs apart. A record that both describe is of the first. */
export function inputsBy(options: JoinOptions): InputOf {
  const { by, first, second, firstTopic, secondTopic } = options
  const isOf =
    by === 'topic' ? [topics(firstTopic), topics(secondTopic)] : [among(first), among(second)]
  const told = TOLD_BY[by](options)
  return (record, message) => {
    const text = told(record, message)
    if (isOf[0]!(text)) return 0
    return isOf[1]!(text) ? 1 : undefined
  }
}

type Told = (record: TelemetryRecord, message: Message | undefined) => string | undefined

const TOLD_BY: Readonly<Record<JoinOptions['by'], (options: JoinOptions) => Told>> = {
  field: ({ byField }) => {
    const get = getter(byField)
    return record => textOf(get(record))
  },
  topic: () => (record, message) => topicOf(record, message ?? {}),
  header:
    ({ byHeader }) =>
    record => {
      const taken = provenanceOf(record)?.taken
      return taken && lastHeader(taken.headers, byHeader)?.toString()
    }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined

/** Nothing is said of it: it is everything that the other is not. */
const everything = () => true

function among(list: string): (text: string | undefined) => boolean {
  const values = new Set(entriesOf(list))
  return values.size === 0 ? everything : text => text !== undefined && values.has(text)
}

function topics(template: string): (text: string | undefined) => boolean {
  if (template === '') return everything
  const compiled = compileTopicTemplate(template)
  return text => text !== undefined && compiled.matches(text)
}
