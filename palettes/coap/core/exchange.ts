import type { Option } from 'coap-packet'
import { CODES, type CoapAnswer, fitting } from './answer.ts'
import type { Datagram, Outgoing } from './datagram.ts'
import { isUnwanted } from './request.ts'

/** So long an answer may take to go with the acknowledgement; then that goes alone. */
const WITH_ACK_MS = 100
/** Bytes of the text of an answer, where the sender has said who it is. */
const TEXT_BYTES = 512
/**
 * The address of a sender may be a lie: whoever it is of is not sent more than so many times what
 * came under it. RFC 9175, 2.4.
 */
const AMPLIFICATION = 3
/** Of an answer that the sender does not acknowledge: the first and four more, RFC 7252, 4.8. */
const TRANSMISSIONS = 5
/** Header, token, options and mark of an answer, at most. */
const FRAME_BYTES = 24

/** What sends for an exchange. */
export interface Sending {
  /** The id of a message that begins here. */
  nextMessageId(): number
  /** Once; what was sent is returned. */
  send(message: Outgoing): Buffer
  /** The same, without sending it. */
  written(message: Outgoing): Buffer
  /** Again and again until it is acknowledged. */
  sendConfirmable(message: Outgoing): void
  /** It has its answer: `reply` is what its further copies get. */
  answered(reply: Buffer | undefined, isKept: boolean): void
}

/** A request and its answer, RFC 7252, 5.2: given with the acknowledgement, or after it. */
export class Exchange {
  #timer: NodeJS.Timeout | undefined
  #isAnswered = false
  #isTrusted = false
  #isAcknowledged = false
  /** For copies of the request that come before the answer is there. */
  #acknowledgement: Buffer | undefined

  constructor(
    private readonly request: Datagram,
    private readonly sending: Sending
  ) {
    if (request.type !== 'con') return
    this.#timer = setTimeout(() => this.#acknowledge(), WITH_ACK_MS)
  }

  get isAnswered(): boolean {
    return this.#isAnswered
  }
  /** What a copy of the request gets that comes before the answer is there. */
  get acknowledgement(): Buffer | undefined {
    return this.#acknowledgement
  }

  /** The sender has said who it is. */
  trust(): void {
    this.#isTrusted = true
  }

  /**
   * Answers, once.
   * @param isKept whether copies of the request get this answer; else they are looked at anew,
   *   which only what takes nothing may ask for
   */
  answer(answer: CoapAnswer, isKept = true): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    clearTimeout(this.#timer)
    this.sending.answered(this.#tell(answer), isKept)
  }

  /** Nobody will answer. */
  end(): void {
    this.#isAnswered = true
    clearTimeout(this.#timer)
  }

  #tell(answer: CoapAnswer): Buffer | undefined {
    const { sending, request } = this
    const isConfirmable = request.type === 'con'
    if (isUnwanted(request, answer.code)) {
      if (isConfirmable && !this.#isAcknowledged) this.#acknowledge()
      return this.#acknowledgement
    }
    const message = this.#messageOf(answer)
    if (!isConfirmable) {
      sending.send({ ...message, type: 'non', messageId: sending.nextMessageId() })
      return undefined
    }
    const withAck: Outgoing = { ...message, type: 'ack', messageId: request.messageId }
    if (!this.#isAcknowledged) return sending.send(withAck)
    sending.sendConfirmable({ ...message, type: 'con', messageId: sending.nextMessageId() })
    // What a copy of the request gets that comes later.
    return sending.written(withAck)
  }

  #messageOf({ code, options = [], text = '' }: CoapAnswer): Omit<Outgoing, 'type' | 'messageId'> {
    const payload = fitting(text, this.#mostTextBytes())
    return {
      code,
      token: this.request.token,
      options: payload.length > 0 && code === CODES.changed ? [...options, PLAIN_TEXT] : options,
      payload
    }
  }

  #mostTextBytes(): number {
    if (this.#isTrusted) return TEXT_BYTES
    const times = this.#isAcknowledged ? TRANSMISSIONS : 1
    const bytes = Math.floor((AMPLIFICATION * this.request.bytes.length) / times) - FRAME_BYTES
    return Math.min(TEXT_BYTES, Math.max(0, bytes))
  }

  #acknowledge(): void {
    this.#isAcknowledged = true
    const { messageId } = this.request
    this.#acknowledgement = this.sending.send({ type: 'ack', code: EMPTY, messageId })
  }
}

const EMPTY = '0.00'
/** RFC 7252, 12.3. Diagnostic texts of errors have none. */
const PLAIN_TEXT: Option = { name: 'Content-Format', value: Buffer.alloc(0) }
