import { isExactNumber } from './exact-decimal.ts'
import { getter } from './field-path.ts'
import { jsonText } from './json-write.ts'
import type { Reason } from './record.ts'
import { textTemplate } from './text-template.ts'

/** A record that has no message. */
export class Unpublishable {
  constructor(readonly reason: Reason) {}
}

/** What a message holds. */
export type PublishedPayload = string | Buffer

/** What a person says of it, as `payloadFields` asks. */
export interface PayloadOptions {
  readonly content: 'record' | 'field' | 'text'
  readonly field: string
  readonly text: string
}

/** Makes the function that gives the payload of a record, or why it has none. */
export function payloads({
  content,
  field,
  text
}: PayloadOptions): (record: unknown) => PublishedPayload | Unpublishable {
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

/** That the message of a record needs a field which it does not have. */
export const lacking = (path: string): Unpublishable =>
  new Unpublishable({
    code: 'FIELD_MISSING',
    message: `The message needs the field ${path}, which is missing.`,
    path
  })

/** Texts and bytes as they are, anything else as JSON; undefined for what is nothing. */
function plain(value: unknown): PublishedPayload | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return isExactNumber(value) ? String(value) : jsonText(value)
}

/**
 * Makes the function that gives the texts which are told beside a payload, such as user properties;
 * one whose field is missing is left out.
 */
export function namedTexts(
  rows: readonly { readonly name: string; readonly value: string }[]
): (record: unknown) => (readonly [name: string, text: string])[] {
  const templates = rows.map(({ name, value }) => ({ name, template: textTemplate(value) }))
  return record =>
    templates.flatMap(({ name, template }) => {
      const filled = template.fill(record)
      return 'text' in filled ? [[name, filled.text] as const] : []
    })
}
