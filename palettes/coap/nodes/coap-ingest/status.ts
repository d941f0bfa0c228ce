import { compact, type SourceTrouble } from '@millrace/node-red-telemetry'
import type { CoapEndpoint } from '../../core/endpoint.ts'

/** What keeps requests from coming. */
export function troubleOf({
  problem,
  isBound
}: Pick<CoapEndpoint, 'problem' | 'isBound'>): SourceTrouble | undefined {
  if (problem !== undefined) return { words: problem.words, mend: true }
  return isBound ? undefined : { words: 'opening its port', mend: false }
}

export const openWarning = (host: string): string =>
  `Everybody who reaches ${host} may send records here. Choose "Access" in the dialog to change that.`

export const workingText = (perSecond: number, open: number): string =>
  `${compact(perSecond)}/s · ${compact(open)} ${open === 1 ? 'request' : 'requests'} open`
