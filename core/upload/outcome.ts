import type { Rejection } from '../record/record.ts'
import { placeInBody } from './path-records.ts'

/** The first of so many are named; all are counted. */
const MAX_NAMED = 100

/** A record that was refused, as its sender is told. */
export interface NamedRefusal {
  /** Where in the body it stands; empty for all of it. */
  readonly place: string
  readonly code: string
  readonly message: string
}

/** What became of the records of a body at the node that took it. */
export class BodyOutcome {
  accepted = 0
  rejected = 0
  readonly #named: NamedRefusal[] = []

  get errors(): readonly NamedRefusal[] {
    return this.#named
  }

  add(accepted: number, rejected: readonly Rejection[]): void {
    this.accepted += accepted
    this.rejected += rejected.length
    for (const each of rejected.slice(0, MAX_NAMED - this.#named.length)) {
      const { code, message } = each.reason
      this.#named.push({ place: placeInBody(each), code, message })
    }
  }
}
