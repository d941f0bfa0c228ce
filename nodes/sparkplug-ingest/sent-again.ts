import type { SparkplugArrival } from './arrival.ts'

/** So many of the last messages are known; a server sends one again soon, if at all. */
const KNOWN = 8
/** A longer one is not kept in memory for this. */
const MAX_BYTES = 4096

/** Recognises a message that comes a second time. */
export class SentAgain {
  readonly #last: { topic: string; payload: Buffer }[] = []

  note({ packet: { topic, payload } }: SparkplugArrival): void {
    if (payload.length > MAX_BYTES) return
    this.#last.push({ topic, payload: payload as Buffer })
    if (this.#last.length > KNOWN) this.#last.shift()
  }

  has({ packet: { topic, payload } }: SparkplugArrival): boolean {
    return this.#last.some(
      known => known.topic === topic && known.payload.equals(payload as Buffer)
    )
  }
}
