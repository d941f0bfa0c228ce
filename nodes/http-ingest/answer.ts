import type { BodyOutcome } from '../../core/upload/outcome.ts'
import type { HttpRefusal } from './refusal.ts'

/** What a sender is told. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON; undefined for none. */
  readonly body: object | undefined
  /** The connection ends with it. */
  readonly ends?: boolean
}

/** The flow has dealt with all of a body; or it was only taken, where nobody waits for the flow. */
export function outcomeAnswer(
  { accepted, rejected, errors }: BodyOutcome,
  isStored: boolean
): HttpAnswer {
  if (rejected === 0) return { status: isStored ? 204 : 202, headers: {}, body: undefined }
  return { status: accepted === 0 ? 400 : 207, headers: {}, body: { accepted, rejected, errors } }
}

export const answerOf = ({ status, message, headers, ends }: HttpRefusal): HttpAnswer => ({
  status,
  headers,
  body: { error: message },
  ends
})

/**
 * The same for a client of InfluxDB, which knows no 207: a point that is none is an error of the
 * whole write, and the text says that the others were kept.
 */
export function influxAnswer({ status, headers, body, ends }: HttpAnswer): HttpAnswer {
  if (body === undefined) return { status: status === 202 ? 204 : status, headers, body }
  const { error, accepted, rejected, errors } = body as {
    error?: string
    accepted?: number
    rejected?: number
    errors?: readonly { message: string }[]
  }
  const message =
    error ??
    `partial write: ${rejected} of ${(accepted ?? 0) + (rejected ?? 0)} points refused. ${errors?.[0]?.message}`
  const code = INFLUX_CODES[status] ?? 'invalid'
  return {
    status: status === 207 ? 400 : status,
    headers,
    body: { code, message },
    ...(ends === true && { ends })
  }
}

const INFLUX_CODES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  405: 'method not allowed',
  413: 'request too large',
  429: 'too many requests',
  503: 'unavailable'
}
