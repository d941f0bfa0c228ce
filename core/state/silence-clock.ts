/** Where the computer was asleep, or its clock was set, no time has passed for what is silent. */
const MAX_STEP_MS = 5_000
/** A record that is older when it is read was written while something was held up. */
const FRESH_MS = 5_000
/** A memory that waits for no silence still needs its clock to go on. */
const MAX_GRACE_MS = 600_000

/**
 * The computer's clock, as far as a silence may be taken from it: it stands still while what comes
 * next cannot come, since the flow holds up its source. What was held up has as long as a silence
 * must last to come, once it can. It never goes back.
 */
export class SilenceClock {
  #nowMs: number
  #wallMs: number
  #state: 'runs' | 'stands' | 'catches up' = 'runs'
  #sinceMs = 0
  readonly #graceMs: number
  /** Nothing old has come for so long. */
  #quietMs = 0
  /** It catches up for so long at most. */
  #leftMs = 0

  /** @param idleMs what counts as a silence */
  constructor(wallMs: number, idleMs: number) {
    this.#nowMs = this.#wallMs = wallMs
    this.#graceMs = Math.min(idleMs, MAX_GRACE_MS)
  }

  /** Silences do not last longer meanwhile. */
  get stands(): boolean {
    return this.#state === 'stands'
  }

  /** Lets time pass up to here, and gives what this clock shows. */
  at(wallMs: number, isHeldUp: boolean): number {
    const passedMs = wallMs - this.#wallMs
    const stepMs = Math.min(Math.max(passedMs, 0), MAX_STEP_MS)
    const isJump = passedMs > MAX_STEP_MS
    const beganMs = this.#wallMs
    this.#wallMs = wallMs
    if (isHeldUp || isJump) {
      if (this.#state === 'runs') this.#sinceMs = beganMs
      this.#state = 'stands'
    } else if (this.#state === 'stands') this.#catchUp(wallMs - this.#sinceMs)
    else if (this.#state === 'catches up') this.#goOn(stepMs)
    else this.#nowMs += stepMs
    return this.#nowMs
  }

  /** A record has come. @param arrivedMs when it came into the system, where that is known */
  heard(wallMs: number, arrivedMs: number | undefined): void {
    if (arrivedMs !== undefined && wallMs - arrivedMs > FRESH_MS) this.#quietMs = 0
  }

  #catchUp(heldMs: number): void {
    this.#state = 'catches up'
    this.#quietMs = 0
    // Who reads faster than devices send has caught up in less time than was lost.
    this.#leftMs = Math.max(0, heldMs) + this.#graceMs
  }

  #goOn(stepMs: number): void {
    this.#quietMs += stepMs
    this.#leftMs -= stepMs
    if (this.#quietMs >= this.#graceMs || this.#leftMs <= 0) this.#state = 'runs'
  }
}
