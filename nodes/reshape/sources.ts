import { cloneRecord } from '../../core/record/clone-record.ts'
import { agrees, conflictSentence } from '../../core/record/conflict.ts'
import { type Get, getter, isOneName, type Put, setter } from '../../core/record/field-path.ts'
import type { Message } from '../../core/record/message.ts'
import {
  inherit,
  lastHeader,
  provenanceOf,
  type Reason,
  type Taken,
  type TelemetryRecord
} from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { compileTopicTemplate, type TopicTemplate } from '../../core/record/topic-template.ts'
import type { Wins } from '../../core/record/wins.ts'
import type { Settings } from './settings.ts'

/** What is known of a message besides its payload. */
interface Around {
  readonly taken: Taken | undefined
  readonly topic: string
  readonly nowMs: number
}

type Write = (record: TelemetryRecord, around: Around) => Reason | undefined

/** Writes fields from the topic and from elsewhere into a record. */
export interface Sources {
  /**
   * Names of the fields that they fill, which belong to every record that is made from this one.
   */
  readonly fields: readonly string[]
  /**
   * A record with the fields, as a new object, or why it cannot have them. `given` is what came,
   * `record` a part of it.
   */
  fill(
    record: TelemetryRecord,
    given: unknown,
    message: Message,
    nowMs: number
  ): TelemetryRecord | FieldProblem
}

export class FieldProblem implements Reason {
  constructor(
    readonly code: string,
    readonly message: string,
    readonly path: string
  ) {}
}

/** Undefined if there is nothing to fill in. */
export function sourcesOf(settings: Settings): Sources | undefined {
  const { topic, restTo, topicWins, sources } = settings
  const template = topic === '' ? undefined : compileTopicTemplate(topic)
  const rows = sources.map(({ to, from, of, wins }) => fill(to, READ[from](of), wins))
  const writes = template === undefined ? rows : [fromTopic(template, restTo, topicWins), ...rows]
  if (writes.length === 0) return undefined
  const rest = template !== undefined && restTo !== '' ? [restTo] : []
  const fields = [...(template?.fields ?? []), ...rest, ...sources.map(({ to }) => to)]
  // A field inside an object is written in a copy of it, so that a rejected record stays as it
  // came.
  const copy = fields.every(isOneName)
    ? (record: TelemetryRecord) => ({ ...record })
    : cloneRecord<TelemetryRecord>
  return {
    fields,
    fill(record, given, message, nowMs) {
      const around = { taken: provenanceOf(given)?.taken, topic: topicOf(given, message), nowMs }
      const filled = inherit(record, copy(record))
      for (const write of writes) {
        const reason = write(filled, around)
        if (reason !== undefined) return reason as FieldProblem
      }
      return filled
    }
  }
}

/** What fills a field from elsewhere: `of` is the name of a header, or the text of a constant. */
const READ: Readonly<
  Record<Settings['sources'][number]['from'], (of: string) => (around: Around) => unknown>
> = {
  topic:
    () =>
    ({ topic }) =>
      topic === '' ? undefined : topic,
  header:
    of =>
    ({ taken }) =>
      taken === undefined ? undefined : textOf(lastHeader(taken.headers, of)),
  key:
    () =>
    ({ taken }) =>
      textOf(taken?.key ?? undefined),
  'kafka-time':
    () =>
    ({ taken }) =>
      taken?.origin.kind === 'kafka' ? Number(taken.origin.timestamp) : undefined,
  arrival:
    () =>
    ({ nowMs }) =>
      nowMs,
  constant: of => () => of
}

const textOf = (value: Buffer | string | undefined) =>
  value === undefined ? undefined : value.toString()

function fill(to: string, read: (around: Around) => unknown, wins: Wins): Write {
  const get = getter(to)
  const put = setter(to)
  return (record, around) => settle(record, to, read(around), wins, get, put)
}

function settle(
  record: TelemetryRecord,
  path: string,
  value: unknown,
  wins: Wins,
  get: Get,
  put: Put
): FieldProblem | undefined {
  if (value === undefined) return undefined
  const there = wins === 'topic' ? undefined : get(record)
  if (there === undefined || there === null) put(record, value)
  else if (wins === 'agree' && !agrees(there, value)) return conflict(path, there, value)
  return undefined
}

function conflict(path: string, there: unknown, value: unknown): FieldProblem {
  return new FieldProblem('FIELD_CONFLICT', conflictSentence(path, there, value), path)
}

/** One field for each {name} of the template, and one for what `#` stands for. */
function fromTopic(template: TopicTemplate, restTo: string, wins: Wins): Write {
  const levels = template.text.split('/').length - 1
  const names = template.fields.map(name => ({ name, get: getter(name), put: setter(name) }))
  const rest = { get: getter(restTo), put: setter(restTo) }
  return (record, { topic }) => {
    const found = template.match(topic)
    if (found === undefined) return mismatch(template, topic)
    for (const { name, get, put } of names) {
      const problem = settle(record, name, found[name], wins, get, put)
      if (problem !== undefined) return problem
    }
    if (restTo === '') return undefined
    const text = topic.split('/').slice(levels).join('/')
    return text === ''
      ? mismatch(template, topic)
      : settle(record, restTo, text, wins, rest.get, rest.put)
  }
}

const mismatch = ({ text }: TopicTemplate, topic: string) =>
  new FieldProblem(
    'TOPIC_MISMATCH',
    `The topic "${topic.slice(0, 200)}" is not of the form ${text}.`,
    ''
  )
