import { encodeRejection } from '../../core/dead-letter/encode.ts'
import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { Outgoing } from '../../core/mqtt/publisher.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { type PublishedPayload, payloads, Unpublishable } from '../../core/record/payload.ts'
import { isRejection } from '../../core/record/record.ts'
import { compileTopicTemplate, type TopicTemplate } from '../../core/record/topic-template.ts'
import { Properties } from './properties.ts'
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
  readonly #properties: Properties
  readonly #always: Pick<Outgoing, 'qos' | 'retain'>

  /** @param by the server node, told with each message; undefined where there is no place for it */
  constructor(options: PublishOptions, by?: string) {
    this.#topic = compileTopicTemplate(options.topic)
    this.#payloadOf = payloadsOf(options)
    this.#properties = new Properties(options, by)
    this.#always = { qos: Number(options.qos) as Qos, retain: options.retain }
  }

  /**
   * The message, or why there is none.
   * @param hop the name of the source, on the way of a record that does not say where it came from
   */
  message(item: unknown, hop?: string): Outgoing | Unpublishable {
    try {
      return isRejection(item) ? this.#letter(item) : this.#message(item, hop)
    } catch (error) {
      const code = error instanceof MillraceError ? 'TOPIC_FIELD_INVALID' : 'NOT_SERIALISABLE'
      return new Unpublishable({ code, message: reasonOf(error) })
    }
  }

  #message(record: unknown, hop: string | undefined): Outgoing | Unpublishable {
    const topic = this.#topic.fill(fieldsOf(record))
    const payload = this.#payloadOf(record)
    if (payload instanceof Unpublishable) return payload
    const properties = this.#properties.of(record, hop)
    if (properties instanceof Unpublishable) return properties
    return { topic, payload, properties, ...this.#always }
  }

  #letter(rejection: Parameters<typeof encodeRejection>[0]): Outgoing {
    const letter = encodeRejection(rejection)
    const topic = this.#topic.fill(fieldsOf(rejection.record))
    const properties = this.#properties.ofLetter(letter)
    return { topic, payload: letter.value ?? '', properties, ...this.#always }
  }
}

/** What is no object has no fields: a topic of fixed text can be made all the same. */
const fieldsOf = (record: unknown): Readonly<Record<string, unknown>> =>
  typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : {}

const payloadsOf = ({ content, ...options }: PublishOptions) =>
  content === 'nothing' ? () => '' : payloads({ ...options, content })

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
