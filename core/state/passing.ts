import type { Made } from './made.ts'
import type { StateShare } from './share.ts'

export interface PassingOptions<State> {
  /** All that is remembered at the moment. */
  readonly open: () => Iterable<StateShare<State>>
  /** What is made leaves before it is kept; else another Node-RED may have made it by then. */
  readonly leavesAtOnce: boolean
  /** Whether messages hold one record each, as those that came. */
  readonly isSingle: () => boolean
  /** Counts what was made; true if something leaves by a wire. */
  count(made: Made): boolean
  report(error: unknown): void
}

/** Sends what is due as time passes, though nothing comes. */
export class Passing<State> {
  constructor(private readonly options: PassingOptions<State>) {}

  /** @param nowMs in the time of the records */
  pass(nowMs: number): void {
    for (const share of this.options.open()) {
      this.guard(() => share.engine.pass(nowMs))
      this.guard(() => this.#send(share))
    }
  }

  /** What throws in a timer ends Node-RED. */
  guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.options.report(error)
    }
  }

  #send(share: StateShare<State>): void {
    const { leavesAtOnce, isSingle, count } = this.options
    const { outputs, tally } = share.engine.taking
    if (!count({ outputs, tallies: [tally] }) && tally.failed === 0) return
    const sends = outputs.flatMap((records, output) => {
      if (records.length === 0) return []
      const payloads = isSingle() ? records : [records]
      return payloads.map(payload => share.prepare(output, payload))
    })
    const send = () => {
      for (const each of sends) each()
    }
    if (leavesAtOnce) send()
    share.keep(error => {
      if (!leavesAtOnce && error === undefined) send()
    })
  }
}
