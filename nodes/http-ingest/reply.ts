import type { ServerResponse } from 'node:http'
import { answerOf, type HttpAnswer } from './answer.ts'
import { busy } from './refusal.ts'

export interface ReplyOptions {
  /** Undefined where nobody waits for the flow. */
  readonly withinMs: number | undefined
  /** Puts an answer into the words of the protocol. */
  inWords(answer: HttpAnswer): HttpAnswer
}

const TOO_LATE = busy(503, 'The records are not stored yet; they still may be.')
/** So long a sender has to read an answer that it may not expect yet. */
const LAST_WORD_MS = 1_000

/** Answers a request, once. */
export class Reply {
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #isSaid = false
  readonly #ends: (() => void)[] = []

  constructor(
    private readonly response: ServerResponse,
    private readonly options: ReplyOptions
  ) {
    response.on('close', () => this.#end())
  }

  /** Its sender was answered, so nothing more should become of the request. */
  get isSaid(): boolean {
    return this.#isSaid
  }

  readonly say = (answer: HttpAnswer): void => {
    if (this.#isOver) return
    this.#isSaid = true
    this.#end()
    write(this.response, this.options.inWords(answer))
  }

  /** From now on its time counts: all that the sender has to do is done. */
  startTime(): void {
    const { withinMs } = this.options
    if (this.#isOver || withinMs === undefined) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.say(answerOf(TOO_LATE)), withinMs)
  }

  /** Called once it is answered, or its sender has gone. */
  onEnd(listener: () => void): void {
    if (this.#isOver) listener()
    else this.#ends.push(listener)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    for (const listener of this.#ends.splice(0)) listener()
  }
}

export function write(response: ServerResponse, { status, headers, body, ends }: HttpAnswer): void {
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
