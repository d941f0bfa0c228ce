/**
 * Whether it is known since the start which devices are blocked: from the list, or from what was
 * remembered of it while the database is away. Until then records wait, as one of a blocked device
 * would pass.
 */
export class KnownBlocked {
  #isKnown = false
  #isRemembered = false
  #isUnreadable = false
  #isAwaited = false
  readonly #known: Promise<void>
  #know: () => void = () => {}

  /** @param needsList who is approved must be known as well, which nobody remembers */
  constructor(private readonly needsList: boolean) {
    this.#known = new Promise(resolve => {
      this.#know = resolve
    })
  }

  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Records wait for it. */
  get isAwaited(): boolean {
    return this.#isAwaited && !this.#isKnown
  }

  wait(): Promise<void> {
    this.#isAwaited = true
    return this.#known
  }

  /** The list was read. */
  listed(): void {
    this.#isKnown = true
    this.#know()
  }

  /** What was kept of the list on this machine was read. */
  remembered(): void {
    this.#isRemembered = true
    this.#goWithout()
  }

  /** The list cannot be read for now. */
  unreadable(): void {
    this.#isUnreadable = true
    this.#goWithout()
  }

  #goWithout(): void {
    if (this.#isRemembered && this.#isUnreadable && !this.needsList) this.listed()
  }
}
