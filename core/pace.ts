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
 */
export const PACES = {
  latency: { arrivalsMs: 5, burstMs: 0, fetchesMs: 4 },
  balanced: { arrivalsMs: 40, burstMs: 3, fetchesMs: 25 },
  economy: { arrivalsMs: 250, burstMs: 3, fetchesMs: 200 }
} as const

export type Pace = keyof typeof PACES

/** For how long what comes is gathered; `own`: for as long as somebody has set. */
export function gatheringOf({
  pace,
  lingerMs
}: {
  readonly pace: Pace | 'own'
  readonly lingerMs: number
}): { readonly gatherMs: number; readonly burstMs: number } {
  if (pace === 'own') return { gatherMs: lingerMs, burstMs: 0 }
  const { arrivalsMs, burstMs } = PACES[pace]
  return { gatherMs: arrivalsMs, burstMs }
}
