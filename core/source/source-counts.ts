import type { NodeMessage } from 'node-red'
import type { Acknowledged } from './attempts.ts'
import type { InFlightMessage } from './in-flight.ts'
import type { SourceOptions, TakenMessage } from './types.ts'
import type { UnwiredOutput } from './unwired.ts'

type Counted = Pick<SourceOptions, 'metrics' | 'deadLetterOutput' | 'isWired'>

/** Counts each record of a source once by what became of it. */
export class SourceCounts {
  constructor(
    private readonly options: Counted,
    private readonly unwired: UnwiredOutput
  ) {}

  taken({ records, rejected }: TakenMessage): void {
    const { metrics } = this.options
    metrics.in += records
    metrics.out += records
    if (rejected !== undefined) metrics.countRefused(rejected)
  }

  /** It waits for the flow. */
  waiting({ records }: TakenMessage): void {
    this.options.metrics.inFlight += records
  }

  finished({ taken, writtenOff }: InFlightMessage, counted: Acknowledged): void {
    const { metrics } = this.options
    const { records } = taken
    metrics.inFlight -= records
    if (writtenOff) {
      metrics.rejected += records
      metrics.countCode('DELIVERY_EXHAUSTED', records)
      return
    }
    metrics.stored += counted.stored
    metrics.rejected += counted.rejected
    metrics.duplicates += counted.duplicates
    this.filtered(taken, counted.filtered)
  }

  /** What was rejected at once and has left by no wire is not filtered on purpose. */
  filtered(taken: TakenMessage, records: number): void {
    const { metrics, deadLetterOutput, isWired } = this.options
    const refused = taken.output === deadLetterOutput ? records : (taken.rejected?.length ?? 0)
    const lost = isWired(deadLetterOutput) ? 0 : Math.min(records, refused)
    metrics.filtered += records - lost
    if (lost === 0) return
    metrics.rejected += lost
    this.unwired.lost(lost, rejectedOf(taken))
  }

  /** The protocol delivers it again. */
  returned({ records }: TakenMessage): void {
    const { metrics } = this.options
    metrics.inFlight -= records
    metrics.returned += records
  }
}

/** The message with what the source itself has rejected. */
function rejectedOf({ rejected, message, rebuild }: TakenMessage): NodeMessage {
  if (rejected !== undefined) return { payload: rejected } as NodeMessage
  return message ?? (rebuild() as NodeMessage)
}
