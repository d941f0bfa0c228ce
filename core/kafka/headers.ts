import { type Headers, setHeader } from '../record/record.ts'

type HeaderValue = Buffer | string | undefined

/** Kafka allows a header several times; the last one counts, as for Kafka's own `lastHeader`. */
export function singleHeaders(headers: Readonly<Record<string, HeaderValue | (Buffer | string)[]>> | undefined): Headers {
  const single: Headers = {}
  for (const name in headers) {
    const value = headers[name]
    setHeader(single, name, Array.isArray(value) ? value.at(-1) : value)
  }
  return single
}
