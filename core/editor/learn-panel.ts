import type { Finding, Learned, Question } from '../learn/learned.ts'
import type { Answered } from './ask.ts'
import { button, element, icon } from './element.ts'
import { failures, statementsPart } from './preview-out.ts'
import { say } from './texts-of.ts'
import { timeZones } from './time-zones.ts'

/** A node that is proposed to stand behind the one of the dialog. */
export interface NodesBehind {
  readonly type: string
  readonly settings: Readonly<Record<string, unknown>>
}

export interface LearnedHere extends Answered, Partial<Learned> {
  readonly behind?: readonly (Learned & { readonly type: string; readonly label: string })[]
}

export interface LearnParts {
  /** Asks anew, with what a person has answered so far. */
  ask(answers: Readonly<Record<string, string>>): Promise<LearnedHere>
  /** Takes over what a person has agreed to. */
  fill(settings: Readonly<Record<string, unknown>>, behind: readonly NodesBehind[]): void
}

/**
 * What was found in the messages, with the evidence, before anything of it is filled in. A person
 * may leave out each of it, and answers what the messages do not say.
 */
export class LearnPanel {
  readonly element = element('div', {
    class: 'millrace-learned',
    role: 'region',
    'aria-label': say('found')
  })
  /** What shall not be filled in, by its sentence. */
  readonly #left = new Set<string>()
  #answers: Record<string, string> = {}

  constructor(private readonly parts: LearnParts) {
    this.element.hidden = true
  }

  /** Looks at the messages and shows what was found. */
  async open(): Promise<void> {
    this.#left.clear()
    this.#answers = {}
    await this.#ask()
  }

  close(): void {
    this.element.hidden = true
    this.element.replaceChildren()
  }

  async #ask(): Promise<void> {
    this.element.hidden = false
    if (this.element.childElementCount === 0)
      this.element.append(element('div', { class: 'millrace-busy' }, say('busy')))
    this.#show(await this.parts.ask(this.#answers))
    this.element.scrollIntoView({ block: 'nearest' })
  }

  #show(learned: LearnedHere): void {
    const { ok, message = '', findings = [], behind = [] } = learned
    if (!ok) {
      this.element.replaceChildren(...failures(message), this.#closer('close'))
      return
    }
    const questions = [...(learned.questions ?? []), ...behind.flatMap(each => each.questions)]
    const isOpen = questions.some(({ answer }) => answer === '')
    const fill = button('check', say('fillIn'), () => this.#fill(learned))
    fill.classList.add('primary', 'millrace-fill')
    fill.disabled = isOpen || [...findings, ...behind].length === 0
    const why = isOpen ? [element('span', { class: 'millrace-facts' }, say('answerFirst'))] : []
    const isNothing = [...findings, ...questions, ...behind].length === 0
    this.element.replaceChildren(
      element('div', { class: 'millrace-half-title' }, say('found')),
      this.#list(findings),
      ...statementsPart(learned.text),
      ...(isNothing ? [element('div', { class: 'millrace-facts' }, say('nothingFound'))] : []),
      ...behind.map(each => this.#behindPart(each)),
      ...questions.map(question => this.#question(question)),
      element('div', { class: 'millrace-learned-end' }, fill, this.#closer('leave'), ...why)
    )
  }

  #closer(text: 'leave' | 'close'): HTMLButtonElement {
    return button('times', say(text), () => this.close())
  }

  #list(findings: readonly Finding[]): HTMLElement {
    return element(
      'ul',
      {},
      ...findings.map(({ says, evidence, settings }) => {
        const isToKnow = Object.keys(settings).length === 0
        const mark = isToKnow ? icon('info-circle') : this.#box(says)
        const text = element('span', {}, says)
        return element(
          'li',
          {},
          element('label', {}, mark, text, element('small', { class: 'millrace-facts' }, evidence))
        )
      })
    )
  }

  #behindPart({
    type,
    label,
    findings,
    text
  }: NonNullable<LearnedHere['behind']>[number]): HTMLElement {
    return element(
      'div',
      { class: 'millrace-learned-node' },
      element('label', {}, this.#box(type), icon('arrow-right'), element('b', {}, label)),
      this.#list(findings.map(finding => ({ ...finding, settings: {} }))),
      ...statementsPart(text)
    )
  }

  #box(name: string): HTMLInputElement {
    const box = element('input', { type: 'checkbox' })
    box.checked = !this.#left.has(name)
    box.addEventListener('change', () => {
      if (box.checked) this.#left.delete(name)
      else this.#left.add(name)
    })
    return box
  }

  #question({ name, asks, answer, choices }: Question): HTMLElement {
    const offered = choices === 'zones' ? timeZones() : Object.entries(choices)
    const options = offered.map(([value, text]) => element('option', { value }, text))
    const select = element(
      'select',
      { class: 'millrace-question', 'data-question': name },
      ...(answer === '' ? [element('option', { value: '' }, say('choose'))] : []),
      ...options
    )
    select.value = answer
    select.addEventListener('change', () => {
      this.#answers[name] = select.value
      void this.#ask()
    })
    return element('label', { class: 'millrace-asks' }, element('span', {}, asks), select)
  }

  #fill({ findings = [], behind = [] }: LearnedHere): void {
    const settingsOf = (of: readonly Finding[]) =>
      Object.assign({}, ...of.map(({ settings }) => settings)) as Record<string, unknown>
    const agreed = findings.filter(({ says }) => !this.#left.has(says))
    const nodes = behind.filter(({ type }) => !this.#left.has(type))
    this.parts.fill(
      settingsOf(agreed),
      nodes.map(each => ({ type: each.type, settings: settingsOf(each.findings) }))
    )
    this.close()
  }
}
