import { jsonText, ParseFailure } from '@millrace/node-red-telemetry'

/**
 * Where a message was sent to, without what Artemis puts before it; `otherwise` where it does not
 * say.
 */
export const sentTo = (to: unknown, otherwise: string): string =>
  (typeof to === 'string' ? to.replace(/^(topic|queue):\/\//, '') : '') || otherwise

/** Sections of a body, AMQP 1.0, 3.2: what rhea gives for data and sequences. */
const DATA = 0x75
const SEQUENCE = 0x76

interface Section {
  readonly typecode: number
  readonly content: unknown
}

const isSection = (body: unknown): body is Section =>
  typeof body === 'object' && body !== null && 'typecode' in body && 'content' in body

/**
 * The bytes of a body: data as it is, a text as UTF-8, and what is a value of AMQP's own (a map, a
 * list, a number) as JSON, so that every body is read by the same formats.
 */
export function bytesOf(body: unknown): Buffer | ParseFailure {
  if (isSection(body) && body.typecode === DATA) return joined(body.content)
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (Buffer.isBuffer(body)) return body
  if (typeof body === 'string') return Buffer.from(body)
  try {
    const value = isSection(body) && body.typecode === SEQUENCE ? body.content : body
    return Buffer.from(jsonText(plain(value, 0)) ?? '')
  } catch (error) {
    return error instanceof NoForm ? new ParseFailure('FORMAT_INVALID', error.message) : NO_BODY
  }
}

const joined = (content: unknown): Buffer =>
  Array.isArray(content) ? Buffer.concat(content as Buffer[]) : (content as Buffer)

class NoForm extends Error {}

const NO_BODY = new ParseFailure('FORMAT_INVALID', 'The body is of no form that is known.')
const MAX_DEPTH = 100

/** The same with nothing that JSON would change. */
function plain(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new NoForm('The body is nested deeper than the node accepts.')
  if (value instanceof Date) return value.toISOString()
  // rhea gives integers beyond 2^53 in this form as well.
  if (Buffer.isBuffer(value))
    throw new NoForm(
      'The body is a map or list of AMQP with bytes or an integer beyond 2^53 in it, for which JSON has no form.'
    )
  if (Array.isArray(value)) return value.map(each => plain(each, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, each]) => [name, plain(each, depth + 1)])
  return Object.fromEntries(entries)
}
