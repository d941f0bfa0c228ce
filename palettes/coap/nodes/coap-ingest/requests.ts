import {
  type BodyFlow,
  BodyMemory,
  type BodyOutcome,
  deliverBody,
  isSameSecret,
  MAX_IN_FLIGHT_BYTES,
  type PathRecords,
  reasonOf,
  Share
} from '@millrace/node-red-telemetry'
import { busy, CODES, type CoapAnswer, tooLarge } from '../../core/answer.ts'
import type { Taker } from '../../core/endpoint.ts'
import type { Exchange } from '../../core/exchange.ts'
import { blockOption, type CoapRequest, POST, PUT } from '../../core/request.ts'
import { formatOf, TAKEN_FORMATS, tokenOf } from './logic.ts'
import { outcomeAnswer } from './outcome.ts'
import { isWhole, Uploads, type WholeBody } from './uploads.ts'

export interface RequestsOptions {
  readonly records: PathRecords
  /** Undefined where everybody may send. */
  readonly token: string | undefined
  readonly source: BodyFlow
  /** Whether the flow is waited for. */
  readonly waits: boolean
  readonly answerMs: number
  readonly maxBodyBytes: number
  /** Records that leave together. */
  readonly portion: number
  readonly isSingle: boolean
  /** The status may be another. */
  changed(): void
  /** Milliseconds since 1970. */
  now(): number
}

const CLOSING = busy('The node is being stopped or started anew. Try again.')
const FULL = busy('So many records are not stored yet that no more are taken.')
const NO_MEMORY = busy('There is no memory for more at the moment.')
const TOO_LATE = busy('The records are not stored yet; they still may be.')
const UNAUTHORIZED = { code: CODES.unauthorized, text: 'Who sends here has to send a token.' }
const NOT_ALLOWED = { code: CODES.notAllowed, text: 'Records are sent by POST or PUT.' }
const BAD_BLOCK = { code: CODES.badRequest, text: 'The option Block1 says nothing that there is.' }
const NOT_TAKEN = {
  code: CODES.notTaken,
  text: `Content-Formats that are taken: ${TAKEN_FORMATS.join(', ')}.`
}
/** Of the memory for bodies, what those may have that are not whole. */
const UPLOAD_BYTES = MAX_IN_FLIGHT_BYTES / 2

/** The requests of one node, from their first block to their answer. */
export class Requests implements Taker {
  #isOpen = false
  #number = 0
  readonly #memory = new BodyMemory(MAX_IN_FLIGHT_BYTES)
  readonly #uploads: Uploads
  readonly #unanswered = new Map<Exchange, NodeJS.Timeout | undefined>()

  constructor(private readonly options: RequestsOptions) {
    const { maxBodyBytes } = options
    const memory = new BodyMemory(UPLOAD_BYTES)
    this.#uploads = new Uploads({ maxBodyBytes, memory, now: () => performance.now() })
  }

  /** Requests that have no answer yet. */
  get open(): number {
    return this.#unanswered.size
  }

  changed(): void {
    this.options.changed()
  }

  owns(path: string): boolean {
    return this.options.records.isAt(path)
  }

  take(request: CoapRequest, exchange: Exchange): void {
    const stranger = this.#stranger(request)
    if (stranger === undefined && this.options.token !== undefined) exchange.trust()
    const refusal = stranger ?? this.#refusal(request)
    if (refusal !== undefined) {
      // Nothing is remembered of who may not send: so nobody else is forgotten for it.
      exchange.answer(refusal, false)
      return
    }
    const body = this.#bodyOf(request)
    if (isWhole(body)) void this.#taken(request, exchange, body)
    else exchange.answer(body)
  }

  start(): void {
    this.#isOpen = true
  }

  /** Takes no more. */
  stop(): void {
    this.#isOpen = false
  }

  /** Tells those who wait to come again. */
  close(): void {
    this.stop()
    this.#uploads.end()
    for (const exchange of [...this.#unanswered.keys()]) this.#answer(exchange, CLOSING)
  }

  #stranger({ code, query }: CoapRequest): CoapAnswer | undefined {
    const { token } = this.options
    if (token !== undefined && !isSameSecret(tokenOf(query), token)) return UNAUTHORIZED
    return code === POST || code === PUT ? undefined : NOT_ALLOWED
  }

  #refusal({ contentFormat, payload, block }: CoapRequest): CoapAnswer | undefined {
    const { source, records } = this.options
    if (!this.#isOpen || source.isPaused) return CLOSING
    if (block === 'bad') return BAD_BLOCK
    if (records.asksType && formatOf(contentFormat, payload) === undefined) return NOT_TAKEN
    // In the middle of a body it is too late to say so: its sender would have to begin anew.
    const isWithin = block !== undefined && block.number > 0 && block.more
    return isWithin || source.hasRoomFor(1, Math.max(1, payload.length)) ? undefined : FULL
  }

  #bodyOf(request: CoapRequest): WholeBody | CoapAnswer {
    const { block, payload } = request
    if (block !== undefined && block !== 'bad') return this.#uploads.take(request, block)
    const { maxBodyBytes } = this.options
    if (payload.length > maxBodyBytes) return tooLarge(maxBodyBytes)
    return { body: payload, share: new Share(this.#memory) }
  }

  async #taken(request: CoapRequest, exchange: Exchange, whole: WholeBody): Promise<void> {
    const share = new Share(this.#memory)
    whole.share.give()
    const settle = (answer: CoapAnswer) => {
      share.give()
      this.#answer(exchange, withBlock(answer, request))
    }
    this.#wait(exchange, request)
    if (!share.take(whole.body.length)) return settle(NO_MEMORY)
    try {
      const { records, now } = this.options
      const format = formatOf(request.contentFormat, whole.body) ?? 'json'
      const arrived = { path: request.path!, body: whole.body, arrivedMs: now() }
      const read = await records.open(arrived, format)
      if (!this.#isOpen || exchange.isAnswered) return settle(CLOSING)
      const { source, portion, isSingle, waits } = this.options
      deliverBody(source, {
        lane: `request ${this.#number++}`,
        read,
        bytes: whole.body.length,
        portion,
        isSingle,
        settle: (outcome: BodyOutcome) => settle(outcomeAnswer(outcome, waits))
      })
    } catch (error) {
      settle({ code: CODES.failed, text: `The records could not be taken: ${reasonOf(error)}` })
    }
  }

  #wait(exchange: Exchange, request: CoapRequest): void {
    const { waits, answerMs } = this.options
    const late = () => this.#answer(exchange, withBlock(TOO_LATE, request))
    this.#unanswered.set(exchange, waits ? setTimeout(late, answerMs) : undefined)
  }

  #answer(exchange: Exchange, answer: CoapAnswer): void {
    clearTimeout(this.#unanswered.get(exchange))
    this.#unanswered.delete(exchange)
    exchange.answer(answer)
  }
}

/** The answer to the last block of a body says so, RFC 7959, 2.3. */
function withBlock(answer: CoapAnswer, { block }: CoapRequest): CoapAnswer {
  if (block === undefined || block === 'bad') return answer
  return { ...answer, options: [...(answer.options ?? []), blockOption(block)] }
}
