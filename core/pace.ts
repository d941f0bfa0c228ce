/**
 * How a pipeline weighs latency against CPU time. What a batch costs hardly depends on how many
 * records it has, so a pipeline costs by its batches a second, at whatever rate records come.
 *
 * One rule holds for what brings records in: a batch leaves no sooner than the gathering time after
 * the one before it, but at once where it is full or nothing could be added to it. What comes after
 * a pause waits for the rest of its burst only.
 *
 * A fetch gathers for less than MQTT ingest does: what ingest has gathered then finds a fetch that
 * waits for it, so that only the first hop of a pipeline adds to its latency.
 *
 * After a batch of few records the next gathers for longer: what each of them then waits more is
 * what the larger batches of a fast stream take on their way.
 */
export const PACES = {
  latency: { arrivalsMs: 5, fewMs: 5, burstMs: 0, fetchesMs: 4 },
  balanced: { arrivalsMs: 40, fewMs: 50, burstMs: 3, fetchesMs: 25 },
  economy: { arrivalsMs: 250, fewMs: 250, burstMs: 3, fetchesMs: 200 }
} as const

export type Pace = keyof typeof PACES

/** For how long what comes is gathered. */
export interface Gathering {
  /** A batch leaves no sooner than so long after the one before it, */
  readonly gatherMs: number
  /** or after one of few records. */
  readonly fewMs: number
  /** What comes after a pause waits so long for the rest of its burst. */
  readonly burstMs: number
}

/** By the pace; `own`: as somebody has set. */
export function gatheringOf({
  pace,
  lingerMs
}: {
  readonly pace: Pace | 'own'
  readonly lingerMs: number
}): Gathering {
  if (pace === 'own') return { gatherMs: lingerMs, fewMs: lingerMs, burstMs: 0 }
  const { arrivalsMs, fewMs, burstMs } = PACES[pace]
  return { gatherMs: arrivalsMs, fewMs, burstMs }
}
