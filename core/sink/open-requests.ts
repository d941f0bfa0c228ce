import type { Done } from '../node/define-node.ts'
import { PassingSet } from '../passing-map.ts'
import { type Message, recordsOf } from '../record/message.ts'
import type { WriteRequest, WriteResult } from './types.ts'

/** How a request ends; told once for each. */
export interface RequestEnds {
  finished(request: OpenRequest, result: WriteResult): void
  failed(
    request: OpenRequest,
    error: Error,
    written: Pick<WriteResult, 'stored' | 'duplicates'>
  ): void
}

/** A message that a sink deals with. */
export class OpenRequest implements WriteRequest {
  readonly records: readonly unknown[]
  readonly sinceMs = performance.now()

  constructor(
    readonly message: Message,
    readonly done: Done,
    private readonly requests: OpenRequests
  ) {
    this.records = recordsOf(message.payload)
  }

  finish(result: WriteResult): void {
    if (this.requests.remove(this)) this.requests.ends.finished(this, result)
  }
  fail(
    error: Error,
    written: { stored: number; duplicates: number } = { stored: 0, duplicates: 0 }
  ): void {
    if (this.requests.remove(this)) this.requests.ends.failed(this, error, written)
  }
}

/** The messages that a sink deals with, in the order they came. */
export class OpenRequests implements Iterable<OpenRequest> {
  readonly #requests = new PassingSet<OpenRequest>()
  #records = 0

  constructor(readonly ends: RequestEnds) {}

  add(message: Message, done: Done): OpenRequest {
    const request = new OpenRequest(message, done, this)
    this.#requests.add(request)
    this.#records += request.records.length
    return request
  }

  /** False if it had ended before. */
  remove(request: OpenRequest): boolean {
    if (!this.#requests.delete(request)) return false
    this.#records -= request.records.length
    return true
  }

  get records(): number {
    return this.#records
  }
  /** How long the request waits that waits longest; 0 while none does. */
  get oldestMs(): number {
    for (const { sinceMs } of this.#requests) return performance.now() - sinceMs
    return 0
  }
  [Symbol.iterator](): Iterator<OpenRequest> {
    return this.#requests[Symbol.iterator]()
  }
}
