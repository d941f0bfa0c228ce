import type { IncomingMessage, ServerResponse } from 'node:http'
import { reasonOf } from '../../core/errors.ts'
import { MAX_IN_FLIGHT_BYTES } from '../../core/source/source.ts'
import type { TakenMany } from '../../core/source/types.ts'
import type { Access } from './access.ts'
import { answerOf, BodyOutcome, type HttpAnswer } from './answer.ts'
import { announced, type GONE, readBody } from './body.ts'
import { undone } from './content.ts'
import { type BodyIntake, placeOf, type ReadBody } from './logic.ts'
import { busy, HttpRefusal } from './refusal.ts'
import type { Repeats } from './repeats.ts'
import type { Taker } from './routes.ts'

/** What takes the records on into the flow. */
interface Flow {
  hasRoomFor(records: number, bytes: number): boolean
  readonly isPaused: boolean
  takeMany(many: TakenMany): void
  dropLane(lane: string): void
}

export interface RequestsOptions {
  readonly intake: BodyIntake
  readonly access: Access
  readonly repeats: Repeats
  readonly source: Flow
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
const CLOSING = busy(503, 'The node is being stopped or started anew. Try again.')
const TOO_LATE = busy(503, 'The records are not stored yet; they still may be.')

/** The requests of one node, from their first byte to their answer. */
export class Requests implements Taker {
  #isOpen = false
  #number = 0
  /** Bodies that are being read, or are in the flow. */
  #bytes = 0
  readonly #unanswered = new Set<(answer: HttpAnswer) => void>()

  constructor(private readonly options: RequestsOptions) {}

  /** Requests that have no answer yet. */
  get open(): number {
    return this.#unanswered.size
  }

  owns(path: string): boolean {
    return this.options.intake.askedOf(path) !== undefined
  }

  take(path: string, request: IncomingMessage, response: ServerResponse): void {
    const say = this.#sayer(response)
    if (this.options.intake.askedOf(path) === 'presence') say(presence(path))
    else this.#write(path, request, say).catch(error => say(answerOf(failure(error))))
  }

  start(): void {
    this.#isOpen = true
  }

  /** Takes no more, and tells those who wait to come again. */
  stop(): void {
    this.#isOpen = false
  }
  close(): void {
    this.stop()
    for (const say of [...this.#unanswered]) say(answerOf(CLOSING))
  }

  async #write(
    path: string,
    request: IncomingMessage,
    say: (answer: HttpAnswer) => void
  ): Promise<void> {
    const refusal = this.#refusal(request)
    if (refusal !== undefined) return say(answerOf(refusal))
    const { repeats } = this.options
    const key = keyOf(path, request)
    if (key === undefined) return this.#first(path, request, say, say)
    if (repeats.isRepeat(key, say)) return void request.resume()
    return this.#first(
      path,
      request,
      answer => {
        repeats.forget(key, answer)
        say(answer)
      },
      answer => {
        repeats.settle(key, answer)
        say(answer)
      }
    )
  }

  /**
   * @param refuse ends it where nothing was taken, so that it may come again
   * @param settle ends it once the flow has dealt with it
   */
  async #first(
    path: string,
    request: IncomingMessage,
    refuse: (answer: HttpAnswer) => void,
    settle: (answer: HttpAnswer) => void
  ): Promise<void> {
    const arrivedMs = this.options.now()
    const share = new Share(this.#memory)
    const body = await this.#body(request, share)
    const read = body instanceof Buffer ? await this.#open(path, request, body, arrivedMs) : body
    if (typeof read === 'function' && body instanceof Buffer) {
      this.#deliver(read, body.length, answer => {
        share.give()
        settle(answer)
      })
      return
    }
    share.give()
    refuse(answerOf(read instanceof HttpRefusal ? read : CLOSING))
  }

  async #body(request: IncomingMessage, share: Share): Promise<Buffer | HttpRefusal | typeof GONE> {
    const { maxBodyBytes, maxBytes, uploadMs } = this.options
    const grow = (bytes: number) => share.take(bytes)
    const body = await readBody(request, { maxBytes: maxBodyBytes, withinMs: uploadMs, grow })
    if (!(body instanceof Buffer)) return body
    return undone(body, request.headers['content-encoding'], maxBytes)
  }

  async #open(
    path: string,
    request: IncomingMessage,
    body: Buffer,
    arrivedMs: number
  ): Promise<ReadBody | HttpRefusal> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    const contentType = request.headers['content-type']
    const read = await this.options.intake.open({ path, query, contentType }, body, arrivedMs)
    return this.#isOpen ? read : CLOSING
  }

  #deliver(read: ReadBody, bytes: number, settle: (answer: HttpAnswer) => void): void {
    const { source, waits, portion, isSingle } = this.options
    const outcome = new BodyOutcome()
    const lane = `request ${this.#number++}`
    source.takeMany({
      lane,
      length: 1,
      bytes,
      *piecesOf() {
        for (const piece of read()) {
          const { accepted, rejected } = piece.split
          outcome.add(accepted.length, rejected, placeOf)
          yield piece
        }
      },
      holdsNone: () => undefined,
      portion,
      isSingle,
      inTurn: false,
      acknowledge() {
        settle(outcome.answer(waits))
        // Requests are answered in any order, so each has a lane of its own, used once.
        queueMicrotask(() => source.dropLane(lane))
      }
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
    if (!this.#isOpen || source.isPaused) return { ...CLOSING, ends: true } as HttpRefusal
    const bytes = Math.max(1, Math.min(announced(request), maxBodyBytes))
    if (source.hasRoomFor(1, bytes)) return undefined
    return busy(429, 'So many records are not stored yet that no more are taken.', true)
  }

  readonly #memory = (bytes: number): boolean => {
    if (bytes > 0 && this.#bytes > 0 && this.#bytes + bytes > MAX_IN_FLIGHT_BYTES) return false
    this.#bytes += bytes
    return true
  }

  /** What answers a request, once, and at the latest after its time. */
  #sayer(response: ServerResponse): (answer: HttpAnswer) => void {
    const { waits, answerMs, inWords } = this.options
    const end = () => {
      clearTimeout(timer)
      this.#unanswered.delete(say)
    }
    const say = (answer: HttpAnswer) => {
      if (!this.#unanswered.has(say)) return
      end()
      write(response, inWords(answer))
    }
    const timer = waits ? setTimeout(() => say(answerOf(TOO_LATE)), answerMs) : undefined
    this.#unanswered.add(say)
    response.on('close', end)
    return say
  }
}

/** What the body of one request takes of the memory that all share. */
class Share {
  #bytes = 0
  constructor(private readonly memory: (bytes: number) => boolean) {}

  take(bytes: number): boolean {
    if (!this.memory(bytes)) return false
    this.#bytes += bytes
    return true
  }
  give(): void {
    this.memory(-this.#bytes)
    this.#bytes = 0
  }
}

const MAX_KEY_CHARACTERS = 256
/** So long a sender has to read an answer that it may not expect yet. */
const LAST_WORD_MS = 1_000

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

function presence(path: string): HttpAnswer {
  const isPing = path.endsWith('ping')
  const version = { 'X-Influxdb-Version': '2.7.0', 'X-Influxdb-Build': 'OSS' }
  if (isPing) return { status: 204, headers: version, body: undefined }
  const body = { name: 'http ingest', status: 'pass', message: 'ready for writes', checks: [] }
  return { status: 200, headers: version, body }
}

function write(response: ServerResponse, { status, headers, body, ends }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return
  const text = body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, {
    ...headers,
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...(status !== 204 && { 'Content-Length': String(Buffer.byteLength(text)) }),
    ...(ends && { Connection: 'close' })
  })
  response.end(text)
  const { req: request, socket } = response
  // What is left of the body goes nowhere, so that the sender comes to read the answer.
  if (!request.complete) request.resume()
  if (ends) setTimeout(() => socket?.destroy(), LAST_WORD_MS).unref()
}
