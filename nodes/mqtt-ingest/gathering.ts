import type { Options } from '../../core/node/spec.ts'
import { PACES } from '../../core/pace.ts'
import type { spec } from './spec.ts'

/** For how long messages are gathered, and acknowledgements held, by the pace that was chosen. */
export const gatheringOf = ({ pace, lingerMs }: Options<typeof spec>) => {
  if (pace === 'own') return { gatherMs: lingerMs, burstMs: 0 }
  const { arrivalsMs, burstMs } = PACES[pace]
  return { gatherMs: arrivalsMs, burstMs }
}
