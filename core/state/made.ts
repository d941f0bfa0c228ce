import { reject, type TelemetryRecord } from '../record/record.ts'
import type { CountedOptions } from './counted-engine.ts'
import { STRAY } from './partition-shares.ts'
import type { StateShare } from './share.ts'
import type { Tally } from './taking.ts'

/** What a message has made, and what became of its records. */
export interface Made {
  readonly outputs: readonly (readonly object[])[]
  readonly tallies: readonly Tally[]
}

interface TakenIn {
  readonly shares: readonly StateShare<unknown>[]
  /** Records that belong to no partition, where each has a memory of its own. */
  readonly strays: readonly object[]
}

/** By output, over all that the records of the message were taken in. */
export function madeOf(
  { shares, strays }: TakenIn,
  { outputs: count, rejectedOutput, stage }: CountedOptions
): Made {
  const tallies = shares.map(({ engine }) => engine.taking.tally)
  const [only] = shares
  if (only !== undefined && shares.length === 1 && strays.length === 0)
    return { outputs: only.engine.taking.outputs, tallies }
  const outputs = Array.from({ length: count }, (_, output) =>
    shares.flatMap(({ engine }) => engine.taking.outputs[output] ?? [])
  )
  for (const record of strays)
    outputs[rejectedOutput]?.push(reject(record as TelemetryRecord, stage, STRAY))
  return { outputs, tallies }
}
