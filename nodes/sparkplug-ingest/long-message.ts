import type { Received } from '../../core/mqtt/deferred-ack.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { payloadInSteps } from '../../core/sparkplug/decode.ts'
import type { Address } from '../../core/sparkplug/topic.ts'
import type { Payload } from '../../core/sparkplug/types.ts'
import type { Entry } from './arrival.ts'
import { Birth, entryOf, type PreparedBirth } from './births.ts'

/** Reading fewer bytes takes less than the turn that others are to have in between. */
export const LONG_BYTES = 262_144
/** Metrics between two looks at the clock. */
const STEP = 256

export interface PreparedMessage {
  readonly payload: Payload | ParseFailure
  readonly born: PreparedBirth | undefined
}

/**
 * Reads a message of many metrics, some at each step; of a birth also what it defines, and its
 * records.
 */
export function* prepared(
  { payload: bytes }: Received,
  { type }: Address,
  maxMetrics: number
): Generator<undefined, PreparedMessage> {
  const payload = yield* payloadInSteps(bytes as Buffer, maxMetrics, STEP)
  if (payload instanceof ParseFailure || !type.endsWith('BIRTH'))
    return { payload, born: undefined }
  const { metrics } = payload
  const birth = new Birth()
  for (let at = 0; at < metrics.length; at++) {
    birth.add(metrics[at]!)
    if (at % STEP === 0) yield
  }
  const entries: Entry[] = []
  for (let place = 0; place < metrics.length; place++) {
    const entry = entryOf(metrics[place]!, place, birth, true)
    if (entry !== undefined) entries.push(entry)
    if (place % STEP === 0) yield
  }
  return { payload, born: { birth, entries } }
}
