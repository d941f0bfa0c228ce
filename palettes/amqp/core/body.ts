import { ParseFailure } from '@millrace/node-red-telemetry'
import { NoForm, valueBytes } from './value.ts'

/**
 * Where a message was sent to, without what Artemis puts before it; `otherwise` where it does not
 * say.
 */
export const sentTo = (to: unknown, otherwise: string): string =>
  (typeof to === 'string' ? to.replace(/^(topic|queue):\/\//, '') : '') || otherwise

/** Data, AMQP 1.0, 3.2.6. */
const DATA = 0x75

interface Section {
  readonly typecode: number
  readonly content: unknown
}

/** What rhea gives for data and sequences; a map may have these names, but never a function. */
const isSection = (body: unknown): body is Section =>
  typeof (body as { collect_sections?: unknown } | null)?.collect_sections === 'function'

/**
 * The bytes of a body: data as it is, a text as UTF-8, and what is a value of AMQP's own (a map, a
 * list, a number) as JSON, so that every body is read by the same formats. Nothing is thrown.
 * @param wire gives the message as it came; absent for one that was made here, of bytes
 */
export function bytesOf(body: unknown, wire?: () => Buffer): Buffer | ParseFailure {
  try {
    if (body === undefined || body === null) return Buffer.alloc(0)
    if (isSection(body) && body.typecode === DATA) return joined(body.content)
    if (typeof body === 'string' && !body.includes('\uFFFD')) return Buffer.from(body)
    if (wire !== undefined) return valueBytes(wire())
    return Buffer.isBuffer(body) ? body : NO_BODY
  } catch (error) {
    return error instanceof NoForm ? new ParseFailure('FORMAT_INVALID', error.message) : NO_BODY
  }
}

const NO_BODY = new ParseFailure('FORMAT_INVALID', 'The body is of no form that is known.')

const joined = (content: unknown): Buffer | ParseFailure => {
  const parts: unknown[] = Array.isArray(content) ? content : [content]
  return parts.every(part => Buffer.isBuffer(part))
    ? parts.length === 1
      ? parts[0]!
      : Buffer.concat(parts)
    : NO_BODY
}
