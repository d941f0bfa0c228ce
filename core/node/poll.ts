import { SILENT_MS } from './status.ts'

export interface PollOptions<T> {
  /** From the end of one question to the next. */
  readonly everyMs: number
  readonly ask: () => Promise<T>
  readonly answered: (answer: T) => void
  /** No answer has come for some seconds; it is still waited for. */
  readonly silent: () => void
  /** @param isFirst whether the question before was answered */
  readonly failed: (error: unknown, isFirst: boolean) => void
}

/** Asks a service again and again, one question at a time, from now until it is closed. */
export class Poll<T> {
  #closed = false
  #failing = false
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly options: PollOptions<T>) {
    void this.#ask()
  }

  /** What is answered after that is not told. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    const { everyMs, ask, answered, silent, failed } = this.options
    const slow = setTimeout(() => this.#closed || silent(), SILENT_MS)
    try {
      const answer = await ask()
      if (!this.#closed) answered(answer)
      this.#failing = false
    } catch (error) {
      if (!this.#closed) failed(error, !this.#failing)
      this.#failing = true
    } finally {
      clearTimeout(slow)
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#ask(), everyMs)
  }
}
