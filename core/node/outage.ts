import type { MillraceError } from '../errors.ts'

/** A node, as far as it writes to the log. */
interface Log {
  log(line: string): void
  warn(line: string): void
}

/**
 * The time that a service is away: told in the log when it begins, when its reason changes and when
 * it is over.
 */
export class Outage {
  #problem: MillraceError | undefined
  #sinceMs = 0

  constructor(
    /** As it is called in a sentence, e.g. `Kafka`. */
    private readonly service: string,
    private readonly log: Log
  ) {}

  /** Why the service is away; undefined while it is not. */
  get problem(): MillraceError | undefined {
    return this.#problem
  }

  begin(problem: MillraceError): void {
    if (this.#problem === undefined) this.#sinceMs = performance.now()
    this.#problem = problem
    this.log.warn(`${problem.message} The node keeps trying.`)
  }

  end(): void {
    if (this.#problem === undefined) return
    this.log.log(backAfter(this.service, performance.now() - this.#sinceMs))
    this.#problem = undefined
  }
}

/** For the log, in every node alike. */
export function backAfter(service: string, awayMs: number): string {
  const subject = service.charAt(0).toUpperCase() + service.slice(1)
  return `${subject} is back after ${Math.round(awayMs / 1000)} s.`
}
