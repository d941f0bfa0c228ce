import type { Pick, Saying, Stating } from '../node/spec.ts'
import { askRuntime } from './ask.ts'
import { button, element, icon } from './element.ts'
import type { HeardShown } from './heard.ts'
import { addOpener, enter, PickPanel } from './opener.ts'
import { choosable, searchList } from './search-list.ts'
import { say } from './texts-of.ts'
import type { Values } from './types.ts'

/** What a Test or Pick button asks: `values` are those of the configuration node, saved or not. */
export interface ProbeQuestion {
  readonly type: string
  readonly id: string
  readonly values: Values
  readonly query: Readonly<Record<string, string>>
  /** Those of the TLS configuration that is chosen there, which may be new or changed. */
  readonly tls?: Values | undefined
}

interface Answer {
  readonly ok: boolean
  readonly message?: string
  readonly items?: readonly string[]
  readonly heard?: readonly HeardShown[]
  readonly state?: readonly (readonly [what: string, how: string])[]
}

/** See core/node/probe.ts. */
const ask = (
  action: 'test' | Pick | Saying | Stating,
  { type, ...question }: ProbeQuestion
): Promise<Answer> => askRuntime<Answer>(`millrace/probe/${type}`, { action, ...question })

/** Hears what comes in a few seconds; a sentence where nothing did. */
export async function listen(
  question: ProbeQuestion | string,
  wanted: Pick
): Promise<{ readonly message: string | undefined; readonly heard: readonly HeardShown[] }> {
  if (typeof question === 'string') return { message: question, heard: [] }
  const { ok, message, heard = [] } = await ask(wanted, question)
  if (!ok) return { message: message ?? say('unreachable'), heard }
  return { message: heard.length === 0 ? say('nothingHeard') : undefined, heard }
}

/** A row with the Test button, and room for the answer. */
export const testRow = (question: () => ProbeQuestion): HTMLElement =>
  element(
    'div',
    { class: 'form-row millrace-row millrace-test' },
    ...asking('plug', 'test', 'test', question)
  )

/** A button below a field, which asks about it, and room for the answer. */
export const askingBelow = (action: Saying, question: () => ProbeQuestion | string): HTMLElement =>
  element('div', { class: 'millrace-asking' }, ...asking('check', 'compatible', action, question))

function asking(
  sign: string,
  label: 'test' | 'compatible',
  action: 'test' | Saying,
  question: () => ProbeQuestion | string
): HTMLElement[] {
  const answer = element('div', { class: 'millrace-answer', role: 'status' })
  const opener = button(sign, say(label), async () => {
    const asked = question()
    opener.disabled = true
    show(answer, 'busy', say('busy'))
    const { ok, message } =
      typeof asked === 'string' ? { ok: false, message: asked } : await ask(action, asked)
    show(answer, ok ? 'ok' : 'failed', message ?? '')
    opener.disabled = false
  })
  return [opener, answer]
}

/** What stands in the service now, as lines of a table, when a person asks for it. */
export function stateRows(wanted: Stating, question: () => ProbeQuestion | string): HTMLElement {
  const answer = element('div', { class: 'millrace-answer', role: 'status' })
  const look = button('eye', say('stateLook'), async () => {
    const asked = question()
    look.disabled = true
    show(answer, 'busy', say('busy'))
    const found =
      typeof asked === 'string' ? { ok: false, message: asked } : await ask(wanted, asked)
    const { ok, message, state } = found as Answer
    show(answer, ok ? 'ok' : 'failed', message ?? '')
    if (state) answer.replaceChildren(stateTable(state))
    look.disabled = false
  })
  const heading = element('h4', { class: 'millrace-heading' }, say('state'))
  return element('div', { class: 'millrace-state' }, heading, look, answer)
}

function stateTable(state: NonNullable<Answer['state']>): HTMLElement {
  const lines = state.map(([what, how]) =>
    element('tr', {}, element('th', { scope: 'row' }, what), element('td', {}, how))
  )
  return element('table', {}, element('tbody', {}, ...lines))
}

const ANSWER_ICONS = {
  busy: 'spinner fa-spin',
  ok: 'check',
  failed: 'exclamation-triangle'
} as const

function show(place: HTMLElement, state: keyof typeof ANSWER_ICONS, text: string): void {
  place.className = `millrace-answer millrace-${state}`
  place.replaceChildren(icon(ANSWER_ICONS[state]), ` ${text}`)
}

/**
 * Puts a Pick button behind an input, which offers what the other side has.
 * @param question what to ask, or a sentence that says what must be chosen before
 */
export function addPick(
  input: HTMLInputElement,
  pick: Pick,
  question: () => ProbeQuestion | string
): void {
  addOpener(input, 'search', 'pick', async opener => {
    const asked = question()
    opener.disabled = true
    opener.firstElementChild!.className = 'fa fa-spinner fa-spin'
    const answer =
      typeof asked === 'string' ? { ok: false, message: asked } : await ask(pick, asked)
    opener.firstElementChild!.className = 'fa fa-search'
    opener.disabled = false
    if (input.isConnected) offer(answer, input, opener)
  })
}

/** A panel below the input: names to choose from, or why there are none. */
function offer(
  { ok, message, items = [] }: Answer,
  input: HTMLInputElement,
  opener: HTMLElement
): void {
  const panel = new PickPanel(input, opener)
  const choose = (item: string) => {
    // Behind a comma, the next of several.
    enter(input, /,\s*$/.test(input.value) ? `${input.value.trimEnd()} ${item}` : item)
    panel.close(input)
  }
  const { content } = panel
  if (ok && items.length > 0)
    content.append(...searchList(items.map(item => choosable(item, () => choose(item)))))
  else show(content.appendChild(element('div')), ok ? 'ok' : 'failed', message ?? say('nothing'))
  panel.show()
}
