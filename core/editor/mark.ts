import type { Tooltip } from './red.ts'

const tooltips = new WeakMap<HTMLElement, Tooltip>()

/**
 * Shows what is wrong with a control the way Node-RED does with its own: a red border, the reason
 * as its tooltip.
 */
export function mark(control: HTMLElement, problems: readonly string[]): void {
  control.classList.toggle('input-error', problems.length > 0)
  control.setAttribute('aria-invalid', String(problems.length > 0))
  const known = tooltips.get(control)
  if (problems.length === 0) {
    known?.delete()
    tooltips.delete(control)
    return
  }
  const text = problems.join('\n')
  if (known) known.setContent(text)
  else tooltips.set(control, window.RED.popover.tooltip($(control), text))
}
