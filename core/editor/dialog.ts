import type { ChoiceField, Column, Field, ListField, Pick, Place } from '../node/spec.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../record/topic-template.ts'
import { addBehind } from './add-behind.ts'
import { type Answered, askRuntime } from './ask.ts'
import { isShown, type NodeType, parsed, problemsIn } from './check.ts'
import { choicesOf } from './choices.ts'
import { CodeControl } from './code.ts'
import { addCodes } from './codes.ts'
import { ComposedCode } from './composed.ts'
import { element } from './element.ts'
import { addFieldPick, type Picked, type PickedIn, type ShownTree, valuesIn } from './field-pick.ts'
import { Fold } from './fold.ts'
import { forgetRow } from './forget.ts'
import { hear } from './heard.ts'
import type { NodesBehind } from './learn-panel.ts'
import { listControl } from './list.ts'
import { chooseOnly } from './only-choice.ts'
import { outputMap, rowsOf } from './output-map.ts'
import { PreviewPane } from './preview-pane.ts'
import { samplesFor } from './preview-samples.ts'
import { addPick, askingBelow, listen, stateRows, testRow } from './probe.ts'
import { questionOf } from './question.ts'
import { QueuePanel } from './queue-panel.ts'
import type { EditorNode } from './red.ts'
import { referenceProblems } from './reference.ts'
import { FieldRow } from './row.ts'
import { addTicks } from './ticks.ts'
import { addTimeZones } from './time-zones.ts'
import { addTopicPick } from './topic-pick.ts'
import type { Control, Form, Values } from './types.ts'
import { WRITING } from './writing.ts'

type Native = HTMLInputElement | HTMLSelectElement
/** `shown` is called whenever its row is, `close` at the end. */
type Built = Control & { shown?(): void; close?(): void }

/**
 * An open dialog. Node-RED fills, reads and checks the plain inputs (`node-input-…`); lists, code
 * and custom fields, and what is hidden, is done here.
 */
export class Dialog implements Form {
  readonly id: string
  readonly fields: NodeType['spec']['fields']
  readonly main: HTMLElement
  readonly #root: HTMLElement
  readonly #prefix: string
  readonly #built = new Map<string, Built>()
  readonly #rows = new Map<string, FieldRow>()
  readonly #listeners: ((values: Values) => void)[] = []
  readonly #fold: Fold | undefined
  readonly #resized = new ResizeObserver(() => this.#fit())
  #preview: PreviewPane | undefined
  #behind: readonly NodesBehind[] = []

  constructor(
    readonly node: EditorNode,
    readonly type: NodeType
  ) {
    this.id = node.id
    this.fields = type.spec.fields
    this.#prefix = type.spec.category === 'config' ? 'node-config-input' : 'node-input'
    this.#root = document
      .getElementById(`${this.#prefix}-name`)!
      .closest<HTMLElement>('.millrace-form')!
    this.main = this.#root.querySelector<HTMLElement>('.millrace-main')!
    const advanced = this.#root.querySelector<HTMLElement>('.millrace-advanced')
    this.#fold = advanced === null ? undefined : new Fold(advanced)
  }

  /** Builds what the generated rows cannot hold. Call once, when the form can be found as open. */
  build(): void {
    for (const [name, field] of Object.entries(this.type.spec.fields)) this.#buildField(name, field)
    this.#buildHeadings()
    if (this.type.spec.category === 'config')
      this.main.append(testRow(() => questionOf(this, undefined) as never))
    if (this.type.spec.remembers === true)
      (this.#root.querySelector('.millrace-advanced') ?? this.main).append(forgetRow(this.id))
    if (this.type.spec.keepsRecords === true) this.main.append(new QueuePanel(this.id).element)
    const { shows } = this.type.spec
    if (shows !== undefined) this.#root.append(stateRows(shows, () => questionOf(this, shows)))
    this.type.hooks.opened?.(this)
    this.#preview = this.#previewPane()
    $(this.#root).on('change input', () => this.#refresh())
    $(this.#root).on('change', () => this.#fit())
    this.#refresh()
    this.#resized.observe(this.#root)
  }

  values(): Values {
    const values: Record<string, unknown> = { name: this.#native('name')?.value }
    for (const [name, field] of Object.entries(this.type.spec.fields))
      values[name] = this.#valueOf(name, field)
    return values
  }

  set(field: string, value: unknown): void {
    const place = this.row(field)?.querySelector<HTMLElement>('.millrace-place')
    if (place) {
      this.#built.get(field)?.close?.()
      place.replaceChildren()
      this.#built.set(field, this.#control(place, field, this.type.spec.fields[field]!, value))
      this.changed()
      return
    }
    const input = this.#native(field)
    if (input instanceof HTMLInputElement && input.type === 'checkbox')
      input.checked = value === true
    else if (input) input.value = String(value)
    else throw new Error(`The form has no simple field "${field}".`)
    $(input).trigger('change')
  }

  row(field: string): HTMLElement | undefined {
    return this.#root.querySelector<HTMLElement>(`[data-field="${field}"]`) ?? undefined
  }

  changed(): void {
    $(this.#native('name')!).trigger('change')
  }

  onChange(listener: (values: Values) => void): void {
    this.#listeners.push(listener)
  }

  /**
   * Puts what Node-RED does not read itself into the node. Node-RED compares with the values
   * before.
   */
  save(): void {
    const { outputsFrom } = this.type.spec
    if (outputsFrom !== undefined)
      this.#native('outputs')!.value = this.#outputs(this.#built.get(outputsFrom))
    for (const [name, control] of this.#built) this.node[name] = control.value()
    addBehind(this.node, this.#behind)
  }

  close(): void {
    this.#resized.disconnect()
    for (const control of this.#built.values()) control.close?.()
    this.#preview?.close()
  }

  /**
   * The runtime has a preview of every node that changes records (core/node/define-transform.ts).
   */
  #previewPane(): PreviewPane | undefined {
    const { spec, hooks } = this.type
    if (!this.#hasPreview) return undefined
    const pane = new PreviewPane({
      type: spec.type,
      id: this.id,
      isOverTime: () => spec.remembers === true && this.#isShown('timeField'),
      values: () => this.values(),
      outputs: () => hooks.outputLabels?.(parsed(this.type, this.values())) ?? spec.outputs,
      ...(hooks.learns === true ? { fill: this.#fill } : {}),
      ...(hooks.listens === undefined ? {} : { listen: () => this.#listen(hooks.listens!) })
    })
    this.#root.append(pane.bar, pane.element)
    this.onChange(() => pane.refresh())
    return pane
  }

  #isShown(name: string): boolean {
    return this.row(name)?.classList.contains('millrace-hidden') === false
  }

  get #hasPreview(): boolean {
    return this.type.spec.family === 'transform' || this.type.hooks.hasPreview === true
  }

  pickField(input: HTMLInputElement): void {
    addFieldPick(input, 'fields', () => this.#shown())
  }

  pickCodes(input: HTMLInputElement): void {
    addCodes(input)
  }

  pickZone(input: HTMLInputElement): void {
    addTimeZones(input)
  }

  valuesSeen(path: string): readonly (string | number | boolean)[] {
    return valuesIn(this.#preview?.seen() ?? [], path)
  }

  /** Where no message is shown, the last one that the node has seen or would get. */
  async #shown(): Promise<ShownTree | undefined> {
    if (this.#preview) return this.#preview.shown()
    const [last] = (await samplesFor(ANY_TYPE, this.id)).offered
    return last?.isSeen ? { ...last.given, text: last.text } : undefined
  }

  /** What a tree is picked in, by the settings of the dialog. */
  #pickedIn(): PickedIn {
    const { at, topic } = this.values()
    const { topic: field } = this.fields
    const template = field?.kind === 'text' && field.check === 'topic-template' ? topic : ''
    return { at: String(at ?? ''), ofTopic: levelsOf(String(template ?? ''), this.#preview) }
  }

  /** What a person has agreed to; the nodes behind come with Done. */
  readonly #fill = (settings: Values, behind: readonly NodesBehind[]) => {
    for (const [name, value] of Object.entries(settings)) this.set(name, value)
    this.#behind = behind
  }

  /** Hears messages with the settings of the dialog; a sentence if there were none. */
  async #listen(wanted: Pick): Promise<string | undefined> {
    const { message, heard } = await listen(questionOf(this, wanted), wanted)
    hear(this.id, heard)
    return message
  }

  #outputs(control: Control | undefined): string {
    const labels =
      this.type.hooks.outputLabels?.(parsed(this.type, this.values())) ?? this.type.spec.outputs
    const before = control?.movedFrom?.()
    if (before === undefined) return String(labels.length)
    const labelled = this.type.hooks.outputLabels?.(parsed(this.type, this.node)) ?? []
    const outputs = { length: Number(this.node.outputs) }
    const then = Array.from(outputs, (_, index) => labelled[index] ?? '')
    return JSON.stringify(outputMap(before, labels, then, rowsOf(this.node, this.type.spec)))
  }

  #buildField(name: string, field: Field): void {
    const text = (key: string) => this.node._(`fields.${name}.${key}`)
    const row = this.row(name)!
    this.#rows.set(name, new FieldRow({ row, name, field, prefix: this.#prefix, text }))
    const place = row.querySelector<HTMLElement>('.millrace-place')
    const value = this.node[name] ?? field.default
    if (field.kind === 'choice') this.#buildChoices(name, field)
    else if (place !== null) this.#built.set(name, this.#control(place, name, field, value))
    else if (this.node[name] === undefined && field.kind !== 'secret' && field.kind !== 'ref')
      this.set(name, field.default)
    if (field.kind === 'code' && field.asks !== undefined) {
      const { asks } = field
      place?.parentElement?.after(askingBelow(asks, () => questionOf(this, asks)))
    }
    if (field.kind !== 'text') return
    if (field.pick) this.#addPick(field, this.#native(name) as HTMLInputElement)
    if (field.as) WRITING[field.as](this.#native(name) as HTMLInputElement, row)
  }

  #buildChoices(name: string, field: ChoiceField): void {
    const select = this.#native(name)!
    const options = choicesOf(field, key => this.node._(`fields.${name}.${key}`)).map(
      ([value, text]) => element('option', { value }, text)
    )
    select.replaceChildren(...options)
    select.value = String(this.node[name] ?? field.default)
  }

  /** Not while the dialog lies below another one, where it has no width. */
  #fit(): void {
    const { clientWidth } = this.#root
    if (clientWidth > 0) for (const row of this.#rows.values()) row.fit(clientWidth)
  }

  #buildHeadings(): void {
    for (const section of this.#root.querySelectorAll<HTMLElement>('.millrace-section')) {
      const id = `${this.#prefix}-section-${section.dataset.section}`
      const text = this.node._(`sections.${section.dataset.section}`)
      section.setAttribute('role', 'group')
      section.setAttribute('aria-labelledby', id)
      section.prepend(element('h4', { class: 'millrace-heading', id }, text))
    }
  }

  #control(place: HTMLElement, name: string, field: Field, value: unknown): Built {
    const changed = () => this.changed()
    if (field.kind === 'code') {
      const { as } = field
      return as === undefined
        ? new CodeControl(place, field, String(value), changed)
        : new ComposedCode(place, { ...field, as }, String(value), changed)
    }
    if (field.kind === 'list') return this.#list(place, name, field, value)
    const custom = this.type.hooks.controls?.[name]
    if (custom) return custom.edit(place, value, this)
    return { value: () => value }
  }

  #list(place: HTMLElement, name: string, field: ListField, value: unknown): Control {
    return listControl(place, {
      field,
      label: this.node._(`fields.${name}.label`),
      rows: Array.isArray(value) ? value : [],
      text: key => this.node._(`fields.${name}.columns.${key}`),
      changed: () => this.changed(),
      addPick: (column, cell) => this.#addPick(column, cell),
      ...(field.offers !== undefined && {
        addTicks: (behind, ticked) => addTicks(behind, () => this.#offers(field.offers!), ticked)
      })
    })
  }

  /** Asks the node, with the settings of the dialog, what there is to tick. */
  #offers(seenIn: string): Promise<Answered & { readonly items?: readonly string[] }> {
    const values = this.values()
    const seen = this.valuesSeen(String(values[seenIn] ?? ''))
    const { type } = this.type.spec
    return askRuntime(`millrace/preview/${type}`, { action: 'offers', id: this.id, values, seen })
  }

  #addPick(field: Column, input: HTMLInputElement): void {
    if (field.kind !== 'text' || field.pick === undefined) return
    const { pick } = field
    if (pick === 'topic') addTopicPick(input, () => this.#preview?.shown().topic ?? '')
    else if (isPlace(pick))
      addFieldPick(
        input,
        pick,
        () => this.#shown(),
        () => this.#pickedIn()
      )
    else addPick(input, pick, () => questionOf(this, pick))
  }

  #native(name: string): Native | null {
    // Not by the document: while another dialog lies above, this one is not in it.
    return this.#root.querySelector<Native>(`[id="${this.#prefix}-${name}"]`)
  }

  #valueOf(name: string, field: Field): unknown {
    const built = this.#built.get(name)
    if (built) return built.value()
    const input = this.#native(name)
    // While the form is being built, what is not there yet is as it was.
    if (!input) return this.node[name] ?? field.default
    if (input instanceof HTMLInputElement && input.type === 'checkbox') return input.checked
    return field.kind === 'ref' && input.value === '_ADD_' ? '' : input.value
  }

  #refresh(): void {
    const values = parsed(this.type, this.values())
    for (const [name, field] of Object.entries(this.type.spec.fields)) {
      const problems = this.#problemsOf(name, field, values)
      const isOfUse = problems.length > 0 || (this.type.hooks.shows?.(name, values) ?? true)
      const shown = isOfUse && isShown(field, values)
      const row = this.#rows.get(name)!
      row.root.classList.toggle('millrace-hidden', !shown)
      if (shown) this.#built.get(name)?.shown?.()
      if (shown && field.kind === 'ref' && field.optional !== true) chooseOnly(this.#native(name))
      row.say(problems)
      const place = row.root.querySelector<HTMLElement>('.millrace-place')
      place?.classList.toggle('input-error', problems.length > 0)
    }
    for (const section of this.#root.querySelectorAll('.millrace-section'))
      section.classList.toggle(
        'millrace-hidden',
        section.querySelector('[data-field]:not(.millrace-hidden)') === null
      )
    this.#fold?.refresh(
      name => problemsIn(this.type, name, values).length > 0,
      name => !isDefault(this.type.spec.fields[name]!, values[name])
    )
    for (const listener of this.#listeners) listener(values)
  }

  #problemsOf(name: string, field: Field, values: Values): readonly string[] {
    const problems = problemsIn(this.type, name, values)
    return problems.length === 0 && field.kind === 'ref' && isShown(field, values)
      ? referenceProblems(String(values[name] ?? ''))
      : problems
  }
}

const isPlace = (pick: Pick | Place): pick is Picked =>
  ['fields', 'measurements', 'parts', 'headers'].includes(pick)

/** Samples are found by the node; a type with a preview has the way to them. */
const ANY_TYPE = 'millrace-route'

/** What the levels of the topic shown give; nothing where the template is wrong or of another. */
function levelsOf(template: string, preview: PreviewPane | undefined): Record<string, string> {
  if (template === '' || topicTemplateProblems(template).length > 0) return {}
  return compileTopicTemplate(template).match(preview?.shown().topic ?? '') ?? {}
}

const isDefault = (field: Field, value: unknown) =>
  JSON.stringify(value) === JSON.stringify(field.default)
