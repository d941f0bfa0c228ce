import {
  encodeRejection,
  isRejection,
  lacking,
  namedTexts,
  type Options,
  type PublishedPayload,
  payloads,
  type Rejection,
  reasonOf,
  type TextTemplate,
  textTemplate,
  Unpublishable
} from '@millrace/node-red-telemetry'
import type { spec } from './spec.ts'

export type PublishOptions = Omit<Options<typeof spec>, 'name' | 'server'>

/** A record as a message, before it is encoded. */
export interface Outgoing {
  readonly address: string
  readonly body: PublishedPayload
  /** Fields of the message beside its body, by the names that rhea has for them. */
  readonly beside: Readonly<Record<string, unknown>>
}

type Texts = Readonly<Record<'subject' | 'message_id' | 'group_id', TextTemplate | undefined>>

/** Makes the message of a record. */
export class Composer {
  readonly #address: TextTemplate
  readonly #bodyOf: (record: unknown) => PublishedPayload | Unpublishable
  readonly #texts: Texts
  readonly #propertiesOf: (record: unknown) => (readonly [name: string, text: string])[]
  readonly #always: Readonly<Record<string, unknown>>

  constructor(options: PublishOptions) {
    this.#address = textTemplate(options.address)
    this.#bodyOf = payloads(options)
    const optional = (text: string) => (text === '' ? undefined : textTemplate(text))
    this.#texts = {
      subject: optional(options.subject),
      message_id: optional(options.messageId),
      group_id: optional(options.groupId)
    }
    this.#propertiesOf = namedTexts(options.properties)
    this.#always = {
      durable: options.durable,
      ...(options.ttlS > 0 ? { ttl: Math.round(options.ttlS * 1000) } : {}),
      ...(options.contentType === '' ? {} : { content_type: options.contentType })
    }
  }

  /** The message, or why there is none. */
  message(item: unknown): Outgoing | Unpublishable {
    try {
      return isRejection(item) ? this.#letter(item) : this.#message(item)
    } catch (error) {
      return new Unpublishable({ code: 'NOT_SERIALISABLE', message: reasonOf(error) })
    }
  }

  #message(record: unknown): Outgoing | Unpublishable {
    const address = this.#addressOf(record)
    if (address instanceof Unpublishable) return address
    const body = this.#bodyOf(record)
    if (body instanceof Unpublishable) return body
    return { address, body, beside: { ...this.#always, ...this.#besideOf(record) } }
  }

  #letter(rejection: Rejection): Outgoing | Unpublishable {
    const address = this.#addressOf(rejection.record)
    if (address instanceof Unpublishable) return address
    const { value, headers } = encodeRejection(rejection)
    const texts = Object.entries(headers).flatMap(([name, given]) => {
      const last = [given].flat().at(-1)
      return last === null || last === undefined ? [] : [[name, String(last)] as const]
    })
    const beside = { ...this.#always, application_properties: Object.fromEntries(texts) }
    return { address, body: value ?? '', beside }
  }

  #addressOf(record: unknown): string | Unpublishable {
    const filled = this.#address.fill(record)
    if ('missing' in filled) return lacking(filled.missing)
    if (filled.text !== '') return filled.text
    return new Unpublishable({ code: 'TOPIC_FIELD_INVALID', message: 'The address is empty.' })
  }

  #besideOf(record: unknown): Record<string, unknown> {
    const found: Record<string, unknown> = {}
    for (const [name, template] of Object.entries(this.#texts)) {
      const filled = template?.fill(record)
      if (filled !== undefined && 'text' in filled) found[name] = filled.text
    }
    const properties = this.#propertiesOf(record)
    if (properties.length > 0) found.application_properties = Object.fromEntries(properties)
    return found
  }
}
