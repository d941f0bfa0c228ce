import { button, element } from '../../../core/editor/element.ts'
import { mark } from '../../../core/editor/mark.ts'
import type { Form } from '../../../core/editor/types.ts'
import { type RuleTime, timeProblems } from '../rules.ts'
import { small } from './condition-rows.ts'

const ROW = 'display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin-bottom: 4px'
const LABEL = 'white-space: nowrap; padding-left: 2px'

type Kind = 'lasts' | 'begins' | 'times' | 'pause'

/** What a person chooses, in the order in which it is applied. */
const KINDS: Readonly<Record<Kind, string>> = {
  lasts: 'for at least …',
  begins: 'only when it begins',
  times: '… times in …',
  pause: 'at most once in …'
}
const NEW: Readonly<Record<Kind, RuleTime>> = {
  lasts: { lasts: '30 s' },
  begins: { begins: true },
  times: { times: 3, within: '10 min' },
  pause: { pause: '10 min' }
}

/** What time makes of the rows of a rule: a row each, at most one of a kind. */
export class TimeRows {
  readonly root = element('div')
  /** Adds a row. */
  readonly adder: HTMLSelectElement
  readonly #rows = new Map<Kind, TimeRow>()

  constructor(
    time: RuleTime,
    private readonly form: Form
  ) {
    this.adder = element('select', {
      style: 'width: auto; margin: 0',
      'aria-label': 'over time'
    })
    this.adder.addEventListener('change', () => this.#add(this.adder.value as Kind))
    for (const kind of kinds())
      if (time[kind] !== undefined) this.#rows.set(kind, this.#row(kind, time))
    this.#arrange()
  }

  value(): RuleTime {
    return Object.assign({}, ...kinds().map(kind => this.#rows.get(kind)?.read() ?? {})) as RuleTime
  }

  refresh(): void {
    for (const { root, read } of this.#rows.values()) mark(root, timeProblems(read()))
  }

  #add(kind: Kind): void {
    this.#rows.set(kind, this.#row(kind, NEW[kind]))
    this.#arrange()
    this.form.changed()
  }

  #row(kind: Kind, time: RuleTime): TimeRow {
    return timeRow(kind, time, () => {
      this.#rows.delete(kind)
      this.#arrange()
      this.form.changed()
    })
  }

  /** Rows stand in the order in which they are applied, whichever was added first. */
  #arrange(): void {
    this.root.replaceChildren(...kinds().flatMap(kind => this.#rows.get(kind)?.root ?? []))
    const left = kinds().filter(kind => !this.#rows.has(kind))
    this.adder.replaceChildren(
      element('option', { value: '' }, '+ over time'),
      ...left.map(kind => element('option', { value: kind }, KINDS[kind]))
    )
    this.adder.value = ''
    this.adder.style.display = left.length === 0 ? 'none' : ''
  }
}

const kinds = () => Object.keys(KINDS) as Kind[]

interface TimeRow {
  readonly root: HTMLElement
  readonly read: () => RuleTime
}

function timeRow(kind: Kind, time: RuleTime, remove: () => void): TimeRow {
  const less = small(button('remove', '', remove))
  less.setAttribute('aria-label', 'Remove this row')
  less.style.marginLeft = 'auto'
  const { parts, read } = CONTROLS[kind](time)
  return { root: element('div', { style: ROW }, ...parts, less), read }
}

interface Controls {
  readonly parts: readonly HTMLElement[]
  readonly read: () => RuleTime
}

const CONTROLS: Readonly<Record<Kind, (time: RuleTime) => Controls>> = {
  lasts({ lasts }) {
    const span = text(lasts, '30 s', 'for at least')
    return { parts: [label('for at least'), span], read: () => ({ lasts: span.value.trim() }) }
  },
  begins: () => ({ parts: [label('only when it begins')], read: () => ({ begins: true }) }),
  times({ times, within }) {
    const count = text(times, '3', 'times')
    count.style.width = '56px'
    const span = text(within, '10 min', 'times in')
    return {
      parts: [count, label('times in'), span],
      read: () => ({ times: Number(count.value), within: span.value.trim() })
    }
  },
  pause({ pause }) {
    const span = text(pause, '10 min', 'at most once in')
    return { parts: [label('at most once in'), span], read: () => ({ pause: span.value.trim() }) }
  }
}

const label = (words: string) => element('span', { style: LABEL }, words)

function text(value: unknown, placeholder: string, name: string): HTMLInputElement {
  const input = element('input', {
    type: 'text',
    autocomplete: 'off',
    placeholder,
    style: 'width: 96px; margin: 0',
    'aria-label': name
  })
  input.value = String(value ?? '')
  return input
}
