/** What a broker is shown in place of a password. */
export interface LoginToken {
  readonly value: string
  /** From when on no broker takes it any more, ms since 1970. */
  readonly expiresMs: number
}

/** Nobody shows a token that is about to expire while the broker looks at it. */
const LEAST_LEFT_MS = 5_000
/** Asked for anew when so much of its life is over, */
const RENEWED_AT = 0.8
/**
 * and at the latest so long before its end. A session ends with its token, and kafkajs logs in
 * again ten seconds before that: with a token that has less left it would do so at each request,
 * which brokers refuse (ILLEGAL_SASL_STATE).
 */
const RENEWED_BEFORE_MS = 25_000

/** One token for all connections of a cluster, asked for anew before it expires. */
export class TokenSource {
  #token: LoginToken | undefined
  #renewMs = 0
  #asking: Promise<LoginToken> | undefined

  constructor(
    private readonly ask: () => Promise<LoginToken>,
    private readonly nowMs: () => number = Date.now
  ) {}

  /**
   * Rejects where there is no token: with what `ask` gave as its reason.
   */
  async value(): Promise<string> {
    const nowMs = this.nowMs()
    if (this.#token !== undefined && nowMs < this.#renewMs) return this.#token.value
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = undefined
    })
    try {
      return (await this.#asking).value
    } catch (error) {
      const isGood = this.#token !== undefined && nowMs < this.#token.expiresMs - LEAST_LEFT_MS
      if (isGood) return this.#token!.value
      throw error
    }
  }

  async #renew(): Promise<LoginToken> {
    const askedMs = this.nowMs()
    const token = await this.ask()
    this.#token = token
    this.#renewMs = Math.min(
      askedMs + RENEWED_AT * (token.expiresMs - askedMs),
      token.expiresMs - RENEWED_BEFORE_MS
    )
    return token
  }
}
