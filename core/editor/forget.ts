import { askRuntime } from './ask.ts'
import { button, element, icon } from './element.ts'
import { say } from './texts-of.ts'

/**
 * A row with the button that makes the node forget what it remembers, and room for the answer. It
 * has to be pressed twice: nothing brings back what is forgotten.
 */
export function forgetRow(id: string): HTMLElement {
  const answer = element('div', { class: 'millrace-answer', role: 'status' })
  let isAsked = false
  const forget = button('eraser', say('forget'), async () => {
    if (!isAsked) {
      isAsked = true
      answer.className = 'millrace-answer millrace-failed'
      answer.replaceChildren(icon('exclamation-triangle'), ` ${say('forgetSure')}`)
      return
    }
    isAsked = false
    forget.disabled = true
    const { ok, message } = await askRuntime('millrace/forget', { id })
    answer.className = `millrace-answer millrace-${ok ? 'ok' : 'failed'}`
    answer.replaceChildren(icon(ok ? 'check' : 'exclamation-triangle'), ` ${message ?? ''}`)
    forget.disabled = false
  })
  return element('div', { class: 'form-row millrace-row millrace-test' }, forget, answer)
}
