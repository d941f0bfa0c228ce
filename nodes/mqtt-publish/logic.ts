import { encodeRejection } from '../../core/dead-letter/encode.ts'
import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { PublishProperties } from '../../core/mqtt/link.ts'
import { PUBLISHED_BY } from '../../core/mqtt/published-by.ts'
import type { Outgoing } from '../../core/mqtt/publisher.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import {
  namedTexts,
  type PublishedPayload,
  payloads,
  Unpublishable
} from '../../core/record/payload.ts'
import { isRejection } from '../../core/record/record.ts'
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

/** Makes the message of a record. */
export class Composer {
  readonly #topic: TopicTemplate
  readonly #payloadOf: (record: unknown) => PublishedPayload | Unpublishable
  readonly #propertiesOf: (record: unknown) => PublishProperties
  readonly #qos: Qos

  /** @param by the server node, told with each message; undefined where there is no place for it */
  constructor(
    private readonly options: PublishOptions,
    private readonly by?: string
  ) {
    this.#topic = compileTopicTemplate(options.topic)
    this.#payloadOf = payloadsOf(options)
    this.#propertiesOf = propertiesOf(options, by)
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
      properties: {
        ...this.#propertiesOf({}),
        userProperties: { ...userProperties, ...byProperty(this.by) }
      }
    }
  }
}

/** What is no object has no fields: a topic of fixed text can be made all the same. */
const fieldsOf = (record: unknown): Readonly<Record<string, unknown>> =>
  typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : {}

const payloadsOf = ({ content, ...options }: PublishOptions) =>
  content === 'nothing' ? () => '' : payloads({ ...options, content })

const byProperty = (by: string | undefined): Record<string, string> =>
  by === undefined ? {} : { [PUBLISHED_BY]: by }

function propertiesOf(
  { expiryS, contentType, userProperties }: PublishOptions,
  by: string | undefined
): (record: unknown) => PublishProperties {
  const always: PublishProperties = {
    ...(expiryS > 0 ? { messageExpiryInterval: expiryS } : {}),
    ...(contentType === '' ? {} : { contentType }),
    ...(by === undefined ? {} : { userProperties: byProperty(by) })
  }
  if (userProperties.length === 0) return () => always
  const textsOf = namedTexts(userProperties)
  return record => {
    const found: Record<string, string | string[]> = {}
    for (const [name, text] of textsOf(record)) {
      const before = Object.hasOwn(found, name) ? [found[name]!].flat() : []
      found[name] = before.length === 0 ? text : [...before, text]
    }
    return { ...always, userProperties: { ...found, ...byProperty(by) } }
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
