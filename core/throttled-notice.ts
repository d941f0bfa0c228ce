/**
 * Tells of records that something happens to over and over: at once, then at most once a minute.
 * What nobody has been told of yet is counted, and told with the next word.
 */
export class ThrottledNotice {
  #records = 0
  #why = ''
  #silence: NodeJS.Timeout | undefined

  constructor(
    /** `records` since the last word; `why` is the reason of the first of them. */
    private readonly say: (records: number, why: string) => void,
    private readonly silenceMs = 60_000
  ) {}

  add(records: number, why: string): void {
    if (this.#records === 0) this.#why = why
    this.#records += records
    if (this.#silence === undefined) this.#tell()
  }

  /** Tells the rest now: nothing more will come. */
  end(): void {
    clearTimeout(this.#silence)
    this.#silence = undefined
    this.#tellRest()
  }

  #tell(): void {
    this.#silence = setTimeout(() => {
      this.#silence = undefined
      if (this.#records > 0) this.#tell()
    }, this.silenceMs).unref()
    this.#tellRest()
  }

  #tellRest(): void {
    const records = this.#records
    this.#records = 0
    if (records > 0) this.say(records, this.#why)
  }
}
