import type { IncomingMessage, ServerResponse } from 'node:http'
import { reasonOf } from '../../core/errors.ts'
import { MAX_IN_FLIGHT_BYTES } from '../../core/source/source.ts'
import { BodyMemory, Share } from '../../core/upload/body-memory.ts'
import { type BodyFlow, deliverBody } from '../../core/upload/deliver.ts'
import type { ReadBody } from '../../core/upload/path-records.ts'
import type { Access } from './access.ts'
import { answerOf, type HttpAnswer, outcomeAnswer } from './answer.ts'
import { announced, type GONE, readBody } from './body.ts'
import { undone } from './content.ts'
import type { BodyIntake } from './logic.ts'
import { queryOf } from './paths.ts'
import { presence } from './presence.ts'
import { busy, HttpRefusal } from './refusal.ts'
import type { Repeats } from './repeats.ts'
import { Reply, write } from './reply.ts'
import type { Taker } from './routes.ts'

export interface RequestsOptions {
  readonly intake: BodyIntake
  readonly access: Access
  readonly repeats: Repeats
  readonly source: BodyFlow
  /** Whether the flow is waited for. */
  readonly waits: boolean
  readonly answerMs: number
  readonly maxBodyBytes: number
  /** With its compression undone. */
  readonly maxBytes: number
  readonly uploadMs: number
  /** Records that leave together. */
  readonly portion: number
  readonly isSingle: boolean
  /** Puts an answer into the words of the protocol. */
  inWords(answer: HttpAnswer): HttpAnswer
  /** Milliseconds since 1970. */
  now(): number
}

const failure = (error: unknown) =>
  new HttpRefusal(500, `The records could not be taken: ${reasonOf(error)}`)
const IS_CLOSING = 'The node is being stopped or started anew. Try again.'
const CLOSING = busy(503, IS_CLOSING)
const NO_MEMORY = busy(503, 'There is no memory for more at the moment.')

/** Where the end of a request is told. */
interface Ends {
  /** Nothing was taken, so it may come again. */
  refuse(answer: HttpAnswer): void
  /** The flow has dealt with it. */
  settle(answer: HttpAnswer): void
}

/** The requests of one node, from their first byte to their answer. */
export class Requests implements Taker {
  #isOpen = false
  #number = 0
  /** For bodies that are being read, or are in the flow. */
  readonly #memory = new BodyMemory(MAX_IN_FLIGHT_BYTES)
  readonly #unanswered = new Set<Reply>()

  constructor(private readonly options: RequestsOptions) {}

  /** Requests that have no answer yet. */
  get open(): number {
    return this.#unanswered.size
  }

  owns(path: string): boolean {
    return this.options.intake.askedOf(path) !== undefined
  }

  take(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (this.options.intake.askedOf(path) === 'presence') {
      write(response, presence(path, this.#isOpen))
      return
    }
    const { waits, answerMs, inWords } = this.options
    const reply = new Reply(response, { withinMs: waits ? answerMs : undefined, inWords })
    this.#unanswered.add(reply)
    reply.onEnd(() => this.#unanswered.delete(reply))
    this.#write(path, request, reply).catch(error => reply.say(answerOf(failure(error))))
  }

  start(): void {
    this.#isOpen = true
  }

  /** Takes no more. */
  stop(): void {
    this.#isOpen = false
  }

  /** Tells those who wait to come again, and those who still come. */
  close(): void {
    this.stop()
    for (const { say } of [...this.#unanswered]) say(answerOf(CLOSING))
    this.options.repeats.forgetOpen()
  }

  async #write(path: string, request: IncomingMessage, reply: Reply): Promise<void> {
    const { say } = reply
    const refusal = this.#refusal(request)
    if (refusal !== undefined) return say(answerOf(refusal))
    const { repeats } = this.options
    const key = keyOf(path, request)
    if (key === undefined) return this.#first(path, request, reply, { refuse: say, settle: say })
    const first = repeats.begin(key)
    if (first === undefined) {
      reply.startTime()
      reply.onEnd(repeats.waitFor(key, say))
      return void request.resume()
    }
    return this.#first(path, request, reply, {
      refuse: answer => {
        first.forget(answer)
        say(answer)
      },
      settle: answer => {
        first.settle(answer)
        say(answer)
      }
    })
  }

  async #first(
    path: string,
    request: IncomingMessage,
    reply: Reply,
    { refuse, settle }: Ends
  ): Promise<void> {
    const arrivedMs = this.options.now()
    const share = new Share(this.#memory)
    try {
      const body = await this.#body(request, share)
      reply.startTime()
      const read = body instanceof Buffer ? await this.#open(path, request, body, arrivedMs) : body
      if (typeof read === 'function' && body instanceof Buffer && this.#isOpen && !reply.isSaid) {
        this.#deliver(read, body.length, answer => {
          share.give()
          settle(answer)
        })
        return
      }
      share.give()
      refuse(answerOf(read instanceof HttpRefusal ? read : CLOSING))
    } catch (error) {
      share.give()
      refuse(answerOf(failure(error)))
    }
  }

  async #body(request: IncomingMessage, share: Share): Promise<Buffer | HttpRefusal | typeof GONE> {
    const { maxBodyBytes, maxBytes, uploadMs } = this.options
    const grow = (bytes: number) => share.take(bytes)
    const body = await readBody(request, { maxBytes: maxBodyBytes, withinMs: uploadMs, grow })
    if (!(body instanceof Buffer)) return body
    const whole = undone(body, request.headers['content-encoding'], maxBytes)
    return whole instanceof Buffer && !share.grow(whole.length) ? NO_MEMORY : whole
  }

  #open(
    path: string,
    request: IncomingMessage,
    body: Buffer,
    arrivedMs: number
  ): Promise<ReadBody | HttpRefusal> {
    const query = queryOf(request.url ?? '/')
    const contentType = request.headers['content-type']
    return this.options.intake.open({ path, query, contentType }, body, arrivedMs)
  }

  #deliver(read: ReadBody, bytes: number, settle: (answer: HttpAnswer) => void): void {
    const { source, waits, portion, isSingle } = this.options
    deliverBody(source, {
      lane: `request ${this.#number++}`,
      read,
      bytes,
      portion,
      isSingle,
      settle: outcome => settle(outcomeAnswer(outcome, waits))
    })
  }

  #refusal(request: IncomingMessage): HttpRefusal | undefined {
    const { access, source, maxBodyBytes } = this.options
    const isEmpty = announced(request) === 0 && request.headers['transfer-encoding'] === undefined
    if (request.method !== 'POST' && request.method !== 'PUT')
      return new HttpRefusal(405, 'Records are written by POST.', { Allow: 'POST, PUT' }, !isEmpty)
    if (isForeign(request))
      return new HttpRefusal(403, 'Web pages of other servers may not write here.', {}, true)
    if (!access.allows(request)) {
      const asks = access.challenge
      const headers = asks === undefined ? {} : { 'WWW-Authenticate': asks }
      return new HttpRefusal(401, 'Who writes here must say who it is.', headers, true)
    }
    if (!this.#isOpen || source.isPaused) return busy(503, IS_CLOSING, true)
    const bytes = Math.max(1, Math.min(announced(request), maxBodyBytes))
    if (source.hasRoomFor(1, bytes)) return undefined
    return busy(429, 'So many records are not stored yet that no more are taken.', true)
  }
}

const MAX_KEY_CHARACTERS = 256

/** What a sender calls the write by; the same key at another path is another write. */
function keyOf(path: string, { headers }: IncomingMessage): string | undefined {
  const key = headers['idempotency-key']
  return typeof key === 'string' && key !== '' && key.length <= MAX_KEY_CHARACTERS
    ? `${path}\n${key}`
    : undefined
}

/** Sent by a browser, from a page of another server: the person at it knows nothing of it. */
function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}
