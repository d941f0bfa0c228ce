import {
  encodeRejection,
  getter,
  isExactNumber,
  isRejection,
  jsonText,
  type Options,
  type Reason,
  type Rejection,
  reasonOf,
  type TextTemplate,
  textTemplate
} from '@millrace/node-red-telemetry'
import type { spec } from './spec.ts'

export type PublishOptions = Omit<Options<typeof spec>, 'name' | 'server'>

/** A record as a message, before it is encoded. */
export interface Outgoing {
  readonly address: string
  readonly body: Buffer | string
  /** Fields of the message beside its body, by the names that rhea has for them. */
  readonly beside: Readonly<Record<string, unknown>>
}

/** A record that has no message. */
export class Unpublishable {
  constructor(readonly reason: Reason) {}
}

type Texts = Readonly<Record<'subject' | 'message_id' | 'group_id', TextTemplate | undefined>>

/** Makes the message of a record. */
export class Composer {
  readonly #address: TextTemplate
  readonly #bodyOf: (record: unknown) => Buffer | string | Unpublishable
  readonly #texts: Texts
  readonly #properties: readonly { readonly name: string; readonly template: TextTemplate }[]
  readonly #always: Readonly<Record<string, unknown>>

  constructor(options: PublishOptions) {
    this.#address = textTemplate(options.address)
    this.#bodyOf = bodies(options)
    const optional = (text: string) => (text === '' ? undefined : textTemplate(text))
    this.#texts = {
      subject: optional(options.subject),
      message_id: optional(options.messageId),
      group_id: optional(options.groupId)
    }
    this.#properties = options.properties.map(({ name, value }) => ({
      name,
      template: textTemplate(value)
    }))
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
    const properties = this.#properties.flatMap(({ name, template }) => {
      const filled = template.fill(record)
      return 'text' in filled ? [[name, filled.text] as const] : []
    })
    if (properties.length > 0) found.application_properties = Object.fromEntries(properties)
    return found
  }
}

function bodies({
  content,
  field,
  text
}: PublishOptions): (record: unknown) => Buffer | string | Unpublishable {
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
function plain(value: unknown): Buffer | string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return isExactNumber(value) ? String(value) : jsonText(value)
}
