import { encodeRejection } from '../../core/dead-letter/encode.ts'
import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { PublishProperties } from '../../core/mqtt/link.ts'
import type { Outgoing } from '../../core/mqtt/publisher.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { getter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { isRejection, type Reason } from '../../core/record/record.ts'
import { textTemplate } from '../../core/record/text-template.ts'
import { compileTopicTemplate, type TopicTemplate } from '../../core/record/topic-template.ts'
import type { spec } from './spec.ts'

export type PublishOptions = Pick<
  Options<typeof spec>,
  | 'topic'
  | 'content'
  | 'field'
  | 'text'
  | 'qos'
  | 'retain'
  | 'expiryS'
  | 'contentType'
  | 'userProperties'
>

/** A record that has no message. */
export class Unpublishable {
  constructor(readonly reason: Reason) {}
}

type Payload = string | Buffer

/** Makes the message of a record. */
export class Composer {
  readonly #topic: TopicTemplate
  readonly #payloadOf: (record: unknown) => Payload | Unpublishable
  readonly #propertiesOf: (record: unknown) => PublishProperties
  readonly #qos: Qos

  constructor(private readonly options: PublishOptions) {
    this.#topic = compileTopicTemplate(options.topic)
    this.#payloadOf = payloads(options)
    this.#propertiesOf = propertiesOf(options)
    this.#qos = Number(options.qos) as Qos
  }

  /** The message, or why there is none. */
  message(item: unknown): Outgoing | Unpublishable {
    try {
      return isRejection(item) ? this.#letter(item) : this.#message(item)
    } catch (error) {
      const code = error instanceof MillraceError ? 'TOPIC_FIELD_INVALID' : 'NOT_SERIALISABLE'
      return new Unpublishable({ code, message: reasonOf(error) })
    }
  }

  #message(record: unknown): Outgoing | Unpublishable {
    const topic = this.#topic.fill(fieldsOf(record))
    const payload = this.#payloadOf(record)
    if (payload instanceof Unpublishable) return payload
    const properties = this.#propertiesOf(record)
    return { topic, payload, qos: this.#qos, retain: this.options.retain, properties }
  }

  #letter(rejection: Parameters<typeof encodeRejection>[0]): Outgoing {
    const { value, headers } = encodeRejection(rejection)
    const topic = this.#topic.fill(fieldsOf(rejection.record))
    const userProperties = Object.fromEntries(
      Object.entries(headers).flatMap(([name, given]) => {
        const texts = [given].flat().flatMap(one => (one === null ? [] : [String(one)]))
        return texts.length === 0 ? [] : [[name, texts.length === 1 ? texts[0]! : texts]]
      })
    )
    return {
      topic,
      payload: value ?? '',
      qos: this.#qos,
      retain: this.options.retain,
      properties: { ...this.#propertiesOf({}), userProperties }
    }
  }
}

/** What is no object has no fields: a topic of fixed text can be made all the same. */
const fieldsOf = (record: unknown): Readonly<Record<string, unknown>> =>
  typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : {}

function payloads({
  content,
  field,
  text
}: PublishOptions): (record: unknown) => Payload | Unpublishable {
  if (content === 'nothing') return () => ''
  if (content === 'text') {
    const template = textTemplate(text)
    return record => {
      const filled = template.fill(record)
      return 'text' in filled ? filled.text : lacking(filled.missing)
    }
  }
  if (content === 'field') {
    const get = getter(field)
    return record => plain(get(record)) ?? lacking(field)
  }
  return record =>
    plain(record) ??
    new Unpublishable({ code: 'NOT_A_RECORD', message: 'There is nothing to publish.' })
}

const lacking = (path: string) =>
  new Unpublishable({
    code: 'FIELD_MISSING',
    message: `The message needs the field ${path}, which is missing.`,
    path
  })

/** Texts and bytes as they are, anything else as JSON; undefined for what is nothing. */
function plain(value: unknown): Payload | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return isExactNumber(value) ? String(value) : jsonText(value)
}

function propertiesOf({
  expiryS,
  contentType,
  userProperties
}: PublishOptions): (record: unknown) => PublishProperties {
  const always: PublishProperties = {
    ...(expiryS > 0 ? { messageExpiryInterval: expiryS } : {}),
    ...(contentType === '' ? {} : { contentType })
  }
  if (userProperties.length === 0) return () => always
  const rows = userProperties.map(({ name, value }) => ({ name, template: textTemplate(value) }))
  return record => {
    const found: Record<string, string | string[]> = {}
    for (const { name, template } of rows) {
      const filled = template.fill(record)
      if ('missing' in filled) continue
      const before = Object.hasOwn(found, name) ? [found[name]!].flat() : []
      found[name] = before.length === 0 ? filled.text : [...before, filled.text]
    }
    return { ...always, userProperties: found }
  }
}

/** What is set that a server with MQTT 3.1.1 cannot do, in words. */
export function needsOfMqtt5(
  options: PublishOptions & Pick<Options<typeof spec>, 'request'>
): string[] {
  const { request, expiryS, contentType, userProperties } = options
  const set: [boolean, string][] = [
    [request, 'Wait for an answer'],
    [expiryS > 0, 'Expires after'],
    [contentType !== '', 'Content type'],
    [userProperties.length > 0, 'User properties']
  ]
  return set.flatMap(([isSet, label]) =>
    isSet ? [`${label}: needs MQTT 5, and the server is set to 3.1.1`] : []
  )
}
