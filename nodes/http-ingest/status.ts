import { compact } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import { spec } from './spec.ts'

export const openWarning =
  'Everybody who reaches this Node-RED may write records here. Choose "Access" in the dialog to change that.'

/** @throws OptionsError where Node-RED answers no requests for nodes */
export function serverProblem({ httpNodeRoot }: { readonly httpNodeRoot?: unknown }): void {
  if (httpNodeRoot !== false) return
  throw new OptionsError(spec.label, [
    'Node-RED answers no requests for nodes: httpNodeRoot is false in its settings'
  ])
}

export const workingText = (perSecond: number, open: number): string =>
  `${compact(perSecond)}/s · ${compact(open)} ${open === 1 ? 'request' : 'requests'} open`
