/** Why a request is not taken: nothing of it goes into the flow. */
export class HttpRefusal {
  constructor(
    /** Of HTTP. */
    readonly status: 400 | 401 | 403 | 405 | 408 | 413 | 415 | 429 | 500 | 503,
    /** For who sends. */
    readonly message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** The rest of the body is not wanted, so the connection ends with the answer. */
    readonly ends = false
  ) {}
}

/** When a client may try again, in seconds. */
export const RETRY_AFTER_S = 1

/** There is no room for more at the moment. */
export const busy = (status: 429 | 500 | 503, message: string, ends = false): HttpRefusal =>
  new HttpRefusal(status, message, { 'Retry-After': String(RETRY_AFTER_S) }, ends)
