import { type Headers, lastHeader } from './record.ts'

/** Of a record that is part of a trace (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

const PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/
/** As many characters as everybody must carry on; ASCII that can be seen. */
const STATE = /^[\x20-\x7e]{1,512}$/

/**
 * The W3C trace context that a record came with, by a user property of MQTT 5 or a header of Kafka.
 * What is not well formed is carried nowhere, as nobody could join it.
 */
export function traceOf(headers: Headers): TraceContext | undefined {
  // Most records have none, and pay for one look only.
  if (headers.traceparent === undefined) return undefined
  const traceparent = lastHeader(headers, 'traceparent')?.toString()
  if (traceparent === undefined || !PARENT.test(traceparent)) return undefined
  const tracestate = lastHeader(headers, 'tracestate')?.toString()
  if (tracestate === undefined || !STATE.test(tracestate)) return { traceparent }
  return { traceparent, tracestate }
}
