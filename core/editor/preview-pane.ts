import { askRuntime } from './ask.ts'
import { button, element, icon } from './element.ts'
import type { ShownTree } from './field-pick.ts'
import { type LearnedHere, LearnPanel, type NodesBehind } from './learn-panel.ts'
import { failures, outcomeParts, outcomeSummary, type PreviewShown } from './preview-out.ts'
import { allOf, type GivenSample, type Offered, samplesFor } from './preview-samples.ts'
import { say } from './texts-of.ts'
import { timeLineParts } from './time-line.ts'
import type { Values } from './types.ts'
import { base64Of, textOfBytes } from './written-text.ts'

export interface PreviewOf {
  readonly type: string
  readonly id: string
  /** As they stand in the dialog. */
  values(): Values
  /** Labels of the outputs, first one first. */
  outputs(): readonly string[]
  /** Fills the dialog with what was learned; absent where the node learns nothing. */
  fill?(settings: Values, behind: readonly NodesBehind[]): void
  /** One message says little: all that came are offered as one. */
  isOverTime(): boolean
  /** Takes what comes now, for a few seconds; a sentence if nothing does. Absent for most nodes. */
  listen?(): Promise<string | undefined>
}

/** After the last key; then the runtime is asked. */
const PAUSE_MS = 350
/** Of a file; what is longer is no message of a device. */
const MAX_FILE = 1_000_000

/**
 * A message on the left, and on the right what the node makes of it with the settings of the
 * dialog; above them what the messages propose for the dialog.
 */
export class PreviewPane {
  /** Stands above the rest, and at the lower edge of the dialog as long as that is out of sight. */
  readonly bar: HTMLElement
  readonly element: HTMLElement
  /** What leaves, in a few words. */
  readonly #summary = element('span', { class: 'millrace-summary' })
  readonly #picker = element('select', { class: 'millrace-sample', 'aria-label': say('sample') })
  readonly #topic = element('input', {
    type: 'text',
    placeholder: say('topic'),
    'aria-label': say('topic'),
    autocomplete: 'off'
  })
  readonly #text = element('textarea', {
    class: 'millrace-in',
    spellcheck: 'false',
    'aria-label': say('previewIn')
  })
  readonly #out = element('div', {
    class: 'millrace-out',
    role: 'region',
    tabindex: '0',
    'aria-label': say('previewOut')
  })
  readonly #line = element('div')
  readonly #says = element('div', { class: 'millrace-answer', role: 'status' })
  readonly #panel: LearnPanel | undefined
  #offered: readonly Offered[] = []
  /** The sample that is shown, until its text is changed. */
  #chosen: Offered | undefined
  #file: GivenSample | undefined
  #timer: number | undefined
  #asking = false
  #again = false
  #closed = false

  constructor(private readonly of: PreviewOf) {
    const { fill } = of
    if (fill !== undefined)
      this.#panel = new LearnPanel({
        ask: answers => this.#learn(answers),
        fill: (settings, behind) => fill.call(of, settings, behind)
      })
    this.bar = this.#barParts()
    this.element = this.#layout()
    // The form checks its own fields; what is typed here is none.
    for (const event of ['input', 'change'])
      this.element.addEventListener(event, happened => happened.stopPropagation())
    this.#picker.addEventListener('change', () =>
      this.#choose(this.#offered[Number(this.#picker.value)])
    )
    this.#text.addEventListener('input', () => this.#typed())
    this.#topic.addEventListener('input', () => this.refresh())
    void this.#load()
  }

  #layout(): HTMLElement {
    const half = (title: string, ...content: Node[]) =>
      element(
        'div',
        { class: 'millrace-half' },
        element('div', { class: 'millrace-half-title' }, title),
        ...content
      )
    return element(
      'div',
      { class: 'millrace-preview' },
      this.#says,
      ...(this.#panel === undefined ? [] : [this.#panel.element]),
      element('div', { class: 'millrace-samples' }, this.#picker, ...this.#samplesButtons()),
      element(
        'div',
        { class: 'millrace-halves' },
        half(say('previewIn'), this.#topic, this.#text),
        half(say('previewOut'), this.#out)
      ),
      this.#line
    )
  }

  #barParts(): HTMLElement {
    const title = button('eye', say('preview'), () => this.#reveal())
    title.classList.add('millrace-preview-title')
    const learn = this.#panel === undefined ? [] : [this.#learnButton(this.#panel)]
    return element('div', { class: 'millrace-bar' }, title, this.#summary, ...learn)
  }

  #reveal(): void {
    this.element.scrollIntoView({ block: 'start' })
  }

  #learnButton(panel: LearnPanel): HTMLButtonElement {
    const learn = button('graduation-cap', say('learn'), async () => {
      learn.disabled = true
      this.#reveal()
      const isTyped = this.#chosen === undefined && this.#hasSomething()
      if (!isTyped && !this.#offered.some(({ isSeen }) => isSeen)) await this.#listen()
      if (this.#hasSomething()) await panel.open()
      learn.disabled = false
    })
    learn.classList.add('millrace-learn')
    window.RED.popover.tooltip($(learn), say('learnHelp'))
    return learn
  }

  #samplesButtons(): HTMLElement[] {
    const named = (icons: string, text: 'reload' | 'listen' | 'file', act: () => void) => {
      const made = button(icons, '', act)
      made.setAttribute('aria-label', say(text))
      made.title = say(text)
      return made
    }
    const buttons = [
      named('refresh', 'reload', () => void this.#load()),
      named('folder-open-o', 'file', () => this.#pickFile())
    ]
    if (this.of.listen)
      buttons.unshift(named('assistive-listening-systems', 'listen', () => void this.#listen()))
    return buttons
  }

  /** Something changed: what leaves is asked for anew, once nothing more changes. */
  refresh(): void {
    window.clearTimeout(this.#timer)
    if (!this.#closed) this.#timer = window.setTimeout(() => void this.#ask(), PAUSE_MS)
  }

  close(): void {
    this.#closed = true
    window.clearTimeout(this.#timer)
  }

  /** The message that is shown, for whoever picks a field from it. */
  shown(): ShownTree {
    const { payload, taken } = this.#chosen?.given ?? {}
    return { topic: this.#topic.value, text: this.#text.value, payload, taken }
  }

  /** All that came, or the one that is shown. */
  seen(): ShownTree[] {
    const came = this.#offered.filter(({ isSeen }) => isSeen)
    return [this.shown(), ...came.map(({ text, given }) => ({ ...given, text }))]
  }

  async #load(): Promise<void> {
    const { offered, stopped } = await samplesFor(this.of.type, this.of.id)
    if (this.#closed) return
    this.#offered = this.of.isOverTime() ? [...allOf(offered), ...offered] : offered
    const options = this.#offered.map(({ label }, index) =>
      element('option', { value: String(index) }, label)
    )
    this.#picker.replaceChildren(...options, element('option', { value: '' }, say('pasted')))
    this.#tell(stopped)
    if (this.#offered[0] === undefined) this.#picker.value = ''
    else this.#choose(this.#offered[0])
  }

  #tell(problem: string | undefined): void {
    this.#says.replaceChildren(...(problem === undefined ? [] : failures(problem)))
  }

  async #listen(): Promise<void> {
    if (this.of.listen === undefined) {
      this.#tell(this.#hasSomething() ? undefined : say('nothingToLearn'))
      return
    }
    this.#says.replaceChildren(
      element('span', { class: 'millrace-busy' }, icon('spinner fa-spin'), ` ${say('listening')}`)
    )
    const problem = await this.of.listen()
    if (this.#closed) return
    await this.#load()
    this.#tell(problem)
  }

  #pickFile(): void {
    const input = element('input', { type: 'file' })
    input.addEventListener('change', async () => {
      const file = input.files?.[0]
      if (file === undefined) return
      if (file.size > MAX_FILE) {
        this.#tell(`${file.name}: ${say('fileTooLarge')}`)
        return
      }
      const bytes = await base64Of(file)
      this.#typed()
      this.#text.value = textOfBytes(bytes)
      this.#file = { topic: this.#topic.value, bytes }
      this.#tell(undefined)
    })
    input.click()
  }

  #choose(offered: Offered | undefined): void {
    this.#chosen = offered
    this.#file = undefined
    if (offered === undefined) this.#text.focus()
    else {
      this.#text.value = offered.text
      this.#topic.value = offered.given.topic
    }
    this.refresh()
  }

  #typed(): void {
    this.#chosen = undefined
    this.#file = undefined
    this.#picker.value = ''
    this.refresh()
  }

  /** Nothing was chosen, typed or read: no node ever gets that. */
  #isEmpty(): boolean {
    const isGiven = this.#chosen !== undefined || this.#file !== undefined
    return !isGiven && !this.#hasSomething()
  }

  #hasSomething(): boolean {
    return this.#text.value.trim() !== ''
  }

  /** The message that is shown, with the topic as it stands. */
  #given(): GivenSample {
    const topic = this.#topic.value
    const given = this.#chosen?.given ?? this.#file
    return given === undefined ? { topic, text: this.#text.value } : { ...given, topic }
  }

  /** All that came, where one of them is shown; else what was typed or chosen. */
  #lessons(): GivenSample[] {
    if (this.#chosen?.isSeen !== true) return [this.#given()]
    return this.#offered.filter(({ isSeen }) => isSeen).map(({ given }) => given)
  }

  async #learn(answers: Readonly<Record<string, string>>): Promise<LearnedHere> {
    const learned = await askRuntime<LearnedHere>(`millrace/preview/${this.of.type}`, {
      action: 'learn',
      id: this.of.id,
      values: this.of.values(),
      given: this.#lessons(),
      answers
    })
    return isWired(this.of.id) ? { ...learned, behind: [] } : learned
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true
      return
    }
    if (this.#isEmpty()) {
      const hint = say(this.of.listen ? 'noMessageYet' : 'noMessage')
      this.#out.replaceChildren(element('div', { class: 'millrace-facts' }, hint))
      this.#summary.replaceChildren()
      this.#line.replaceChildren()
      return
    }
    this.#asking = true
    const answer: PreviewShown = await askRuntime<PreviewShown>(
      `millrace/preview/${this.of.type}`,
      {
        action: 'preview',
        id: this.of.id,
        values: this.of.values(),
        given: this.#given()
      }
    )
    this.#asking = false
    if (this.#closed) return
    const isOpen = this.#out.querySelector('details')?.open ?? false
    this.#out.replaceChildren(...outcomeParts(answer, this.of.outputs(), isOpen))
    this.#summary.replaceChildren(...outcomeSummary(answer, this.of.outputs()))
    this.#line.replaceChildren(...timeLineParts(answer.line, this.of.outputs()))
    if (this.#again) this.refresh()
    this.#again = false
  }
}

/** What stands behind it already is not to be put there. */
const isWired = (id: string): boolean =>
  window.RED.nodes.filterLinks({ source: { id } }).some(({ sourcePort }) => sourcePort === 0)
