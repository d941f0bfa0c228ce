import { countOf } from '../record/message.ts'
import type { MessageHeld } from './held.ts'

/** Messages that wait for their turn, in the order in which they came to the node. */
export class MessagesWaiting {
  #waiting: MessageHeld[] = []
  #records = 0

  get records(): number {
    return this.#records
  }
  get length(): number {
    return this.#waiting.length
  }

  /** It stands where it came, also if others that came later wait already. */
  add(held: MessageHeld): void {
    const at = this.#waiting.findLastIndex(({ number }) => number < held.number) + 1
    this.#waiting.splice(at, 0, held)
    this.#records += countOf(held.message.payload)
  }

  next(): MessageHeld | undefined {
    const next = this.#waiting.shift()
    if (next !== undefined) this.#records -= countOf(next.message.payload)
    return next
  }

  takeAll(): MessageHeld[] {
    const all = this.#waiting
    this.#waiting = []
    this.#records = 0
    return all
  }

  [Symbol.iterator](): Iterator<MessageHeld> {
    return this.#waiting[Symbol.iterator]()
  }
}
