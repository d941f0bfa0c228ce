/** What a record asks for costs more than one record may. */
export class TooCostly extends Error {
  constructor() {
    super('The record takes more work than one record may.')
    this.name = 'TooCostly'
  }
}

/**
 * Counts work, so that no record takes more than its share of the one thread that all records have.
 * It counts steps and not time: the same record always has the same end, on a slow machine too. A
 * step is what takes about 10 ns.
 */
export class Meter {
  /** What may still be spent on this record. Read by compiled schemas as well. */
  left: number

  constructor(private readonly stepsARecord: number) {
    this.left = stepsARecord
  }

  /** A new record begins, which may spend so much. */
  begin(steps = this.stepsARecord): void {
    this.left = steps
  }

  /** @throws TooCostly if that is more than is left */
  charge(steps: number): void {
    this.left -= steps
    if (this.left < 0) throw new TooCostly()
  }
}
