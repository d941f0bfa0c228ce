import { type Headers, type HeaderValue, setHeader } from '../record/record.ts'

/**
 * As kafkajs gives them, and as a Function node may have made them: a list where a name stands
 * several times.
 */
type AnyHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>

/**
 * The headers of a Kafka message in the shape of this palette: a value that came once stays as it
 * is, one that came several times is an array, in order (KIP-82 allows a name several times). The
 * decoder gives them so already.
 */
export const headersOf = (headers: AnyHeaders | undefined): Headers => (headers ?? {}) as Headers

/**
 * The same without names that have no value. Null is one: Kafka tells a header without a value from
 * none.
 */
export function present(headers: Headers): WrittenHeaders {
  const known: WrittenHeaders = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) setHeader(known, name, value)
  }
  return known
}

/** Headers as they are written to Kafka. */
export type WrittenHeaders = Record<string, HeaderValue | readonly HeaderValue[]>
