import type { Received } from '../../core/mqtt/deferred-ack.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { payloadInSteps } from '../../core/sparkplug/decode.ts'
import type { Address } from '../../core/sparkplug/topic.ts'
import type { Payload } from '../../core/sparkplug/types.ts'
import { Birth } from './births.ts'
import { STEP } from './entries.ts'

/** Reading fewer bytes takes less than the turn that others are to have in between. */
export const LONG_BYTES = 262_144
export interface PreparedMessage {
  readonly payload: Payload | ParseFailure
  /** What a birth defines. */
  readonly birth: Birth | undefined
}

/** Reads a message of many metrics, some at each step; of a birth also what it defines. */
export function* prepared(
  { payload: bytes }: Received,
  { type }: Address,
  maxMetrics: number
): Generator<undefined, PreparedMessage> {
  const payload = yield* payloadInSteps(bytes as Buffer, maxMetrics, STEP)
  if (payload instanceof ParseFailure || !type.endsWith('BIRTH'))
    return { payload, birth: undefined }
  const birth = new Birth()
  for (const [at, metric] of payload.metrics.entries()) {
    birth.add(metric)
    if (at % STEP === 0) yield
  }
  return { payload, birth }
}

/** A long message is read for so long before others have their turn. */
const SLICE_MS = 10

/** Reads long messages on, turn after turn. */
export class ReadingTurns {
  #isEnded = false

  constructor(
    /** True when the message has been read. */
    private readonly proceed: (isOver: () => boolean) => boolean,
    /** It is read, so that others may come. */
    private readonly read: () => void
  ) {}

  begin(): void {
    setImmediate(this.#turn)
  }

  end(): void {
    this.#isEnded = true
  }

  readonly #turn = (): void => {
    if (this.#isEnded) return
    const endMs = performance.now() + SLICE_MS
    if (this.proceed(() => performance.now() > endMs)) this.read()
    else this.begin()
  }
}
