import { headersOf } from '../../core/mqtt/headers.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { JSON_RULES, type JsonRules } from '../../core/record/json-text.ts'
import { ParseFailure, parseRecord } from '../../core/record/parse-record.ts'
import {
  KAFKA_MESSAGE,
  type KafkaMessage,
  PROVENANCE,
  Provenance,
  type Reason,
  type Rejection,
  reject
} from '../../core/record/record.ts'
import {
  compileTopicTemplate,
  type TopicTemplate,
  topicTemplateProblems
} from '../../core/record/topic-template.ts'
import type { Split } from '../../core/source/types.ts'
import type { MqttBatch } from './batch.ts'
import { problemsBetween } from './check.ts'
import { spec } from './spec.ts'
import { FILL_IN, type FillIn } from './topic-fields.ts'

export type IngestOptions = Pick<
  Options<typeof spec>,
  | 'topic'
  | 'filter'
  | 'output'
  | 'keyField'
  | 'maxPayloadBytes'
  | 'topicWins'
  | 'nanAsNull'
  | 'exact'
>

/**
 * @throws OptionsError where the template is wrong, or has no field of the name that the key has
 */
export function shaperOf(options: IngestOptions): Shaper {
  const { topic, filter, output, keyField, maxPayloadBytes, topicWins, nanAsNull, exact } = options
  const { fields } = spec
  const problems = topicTemplateProblems(topic).map(problem => `${fields.topic.label}: ${problem}`)
  if (filter !== '')
    problems.push(
      ...topicTemplateProblems(filter).map(problem => `${fields.filter.label}: ${problem}`)
    )
  if (/[{}]/.test(filter)) problems.push(`${fields.filter.label}: a filter has + and #, not fields`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const between = problemsBetween(options)
  if (between.length > 0) throw OptionsError.between(spec, between)
  const template = compileTopicTemplate(topic)
  return new Shaper({
    output,
    template,
    siblings: siblingsOf(topic),
    filter: filter || template.filter,
    keyField,
    maxPayloadBytes,
    fillIn: FILL_IN[topicWins],
    json: { ...JSON_RULES, nanAsNull, exact }
  })
}

function siblingsOf(topic: string): TopicTemplate | undefined {
  const levels = topic.split('/')
  const last = levels.pop()!
  const isFixed = levels.length > 0 && (!/[{}+#]/.test(last) || /^\{\w+:/.test(last))
  return isFixed ? compileTopicTemplate([...levels, '{the_last_level}'].join('/')) : undefined
}

export interface ShapeOptions {
  readonly output: 'records' | 'messages'
  readonly template: TopicTemplate
  /**
   * The template with any last level in place of a fixed one; absent where its last level is none.
   */
  readonly siblings?: TopicTemplate | undefined
  /** The MQTT topic filter to subscribe to; takes at least the topics of the template. */
  readonly filter: string
  /** Field of the topic that becomes the Kafka key; empty for none. */
  readonly keyField: string
  readonly maxPayloadBytes: number
  readonly fillIn: FillIn
  readonly json: JsonRules
}

/** What leaves the node for a batch. With those for others as many as came. */
export interface ShapedBatch extends Split {
  readonly rejected: Rejection[]
  /** Messages that are for others, see `isForOthers`; they leave by no output. */
  readonly forOthers: number
  /** The topic of the first of these. */
  readonly otherTopic: string
}

/** Makes records or Kafka messages of MQTT messages. */
export class Shaper {
  constructor(private readonly options: ShapeOptions) {}

  /** The same batch gives the same again, in new objects. */
  shape(batch: MqttBatch): ShapedBatch {
    const asRecord = this.options.output === 'records'
    const accepted: object[] = []
    const rejected: Rejection[] = []
    let forOthers = 0
    let otherTopic = ''
    for (let index = 0; index < batch.packets.length; index++) {
      const { kills } = batch
      const made = kills
        ? new ParseFailure(kills.code, kills.message)
        : asRecord
          ? this.#record(batch, index)
          : this.#message(batch, index)
      if (!(made instanceof ParseFailure)) accepted.push(made)
      else if (made.code === 'TOPIC_MISMATCH' && this.#isForOthers(batch.packets[index]!.topic)) {
        if (forOthers++ === 0) otherTopic = batch.packets[index]!.topic
      } else rejected.push(rejection(batch, index, made))
    }
    return { accepted, rejected, forOthers, otherTopic }
  }

  /** The MQTT topic filter to subscribe to. */
  get filter(): string {
    return this.options.filter
  }

  /** The Kafka key of a topic. */
  keyOf = (topic: string): string | null => {
    const { template, keyField } = this.options
    return keyField === '' ? null : (template.match(topic)?.[keyField] ?? null)
  }

  /**
   * A topic of the template's tree whose last level, fixed in the template, is another: an alert or
   * a status beside the readings. It is as it should be, only not for this node; what is of no such
   * topic is a mistake, and rejected.
   */
  #isForOthers(topic: string): boolean {
    return this.options.siblings?.matches(topic) ?? false
  }

  #record(batch: MqttBatch, index: number): object {
    const { topic, payload } = batch.packets[index]!
    const fields = this.options.template.match(topic)
    const problem = this.#problem(topic, fields, payload.length)
    if (problem !== undefined) return problem
    const record = parseRecord(payload as Buffer, this.options.json) as Record<PropertyKey, unknown>
    if (record instanceof ParseFailure) return record
    const conflict = this.options.fillIn(record, fields)
    if (conflict !== undefined) return conflict
    record[PROVENANCE] = new Provenance(batch, index)
    return record
  }

  #message(batch: MqttBatch, index: number): object {
    const { topic, qos, retain, payload, properties } = batch.packets[index]!
    const fields = this.options.template.match(topic)
    const problem = this.#problem(topic, fields, payload.length)
    if (problem !== undefined) return problem
    const message: KafkaMessage & { [PROVENANCE]: Provenance } = {
      [KAFKA_MESSAGE]: true,
      key: fields?.[this.options.keyField] ?? null,
      value: payload as Buffer,
      headers: headersOf(topic, qos, retain, properties),
      [PROVENANCE]: new Provenance(batch, index)
    }
    return message
  }

  #problem(topic: string, fields: object | undefined, bytes: number): ParseFailure | undefined {
    if (fields === undefined) {
      return new ParseFailure(
        'TOPIC_MISMATCH',
        `The topic "${topic}" is not of the template "${this.options.template.text}".`
      )
    }
    if (bytes === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
    const { maxPayloadBytes } = this.options
    if (bytes <= maxPayloadBytes) return undefined
    return new ParseFailure(
      'PAYLOAD_TOO_LARGE',
      `The payload has ${bytes} bytes; at most ${maxPayloadBytes} are accepted.`
    )
  }
}

function rejection(
  batch: MqttBatch,
  index: number,
  { code, message, path }: ParseFailure
): Rejection {
  const reason: Reason = { code, message, ...(path === undefined ? {} : { path }) }
  const holder = { [PROVENANCE]: new Provenance(batch, index) }
  return { ...reject(holder, 'mqtt-ingest', reason), record: null }
}
