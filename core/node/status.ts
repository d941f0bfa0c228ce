/** The small mark and text below a node. A dot is health, a ring is connecting or waiting. */
export interface Shown {
  readonly fill: 'green' | 'yellow' | 'red' | 'blue' | 'grey'
  readonly shape: 'dot' | 'ring'
  readonly text: string
}

/** Neither waiting for something (yellow) nor failed (red). */
export const isHealthy = ({ fill }: Shown): boolean => fill !== 'yellow' && fill !== 'red'

/** Longer ones are cut by the editor, in the middle of a word. */
export const MAX_TEXT = 30

/** The beginning of a text, up to the end of a word. */
export function shortened(text: string): string {
  if (text.length <= MAX_TEXT) return text
  const cut = text.slice(0, MAX_TEXT)
  const end = cut.lastIndexOf(' ')
  const words = end > MAX_TEXT / 3 ? cut.slice(0, end) : cut.slice(0, -1)
  return `${words.replace(/[\s·:;,.–-]+$/, '')}…`
}

/** A text with a mark behind it: with its words, the sign alone, or none, as there is room. */
function marked(text: string, mark: string): string {
  const wanted = [`${text} · ⚠ ${mark}`, `${text} · ⚠`]
  const found = mark === '' ? undefined : wanted.find(each => each.length <= MAX_TEXT)
  return found ?? shortened(text)
}

/**
 * Passes a status on at most once a second and only when it changed; the last one always arrives.
 */
export class Status {
  #wanted: Shown | undefined
  #shown = ''
  #timer: NodeJS.Timeout | undefined
  #lastMs = 0
  #closed = false
  #mark = ''

  constructor(
    /** Gets a text that fits below the node, and the whole. */
    private readonly show: (shown: Shown, whole: string) => void,
    private readonly everyMs = 1000
  ) {}

  set(fill: Shown['fill'], shape: Shown['shape'], text: string): void {
    this.#wanted = { fill, shape, text }
    if (this.#closed || this.#timer) return
    const waitMs = this.#lastMs + this.everyMs - performance.now()
    if (waitMs <= 0) this.#flush()
    else this.#timer = setTimeout(() => this.#flush(), waitMs).unref()
  }
  healthy(text: string): void {
    this.set('green', 'dot', text)
  }
  waiting(text: string): void {
    this.set('yellow', 'ring', text)
  }
  failed(text: string): void {
    this.set('red', 'ring', text)
  }
  /** Stands behind whatever is shown while all is well, as far as there is room for its words. */
  mark(words: string): void {
    this.#mark = words
    const wanted = this.#wanted
    if (wanted !== undefined) this.set(wanted.fill, wanted.shape, wanted.text)
  }
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const wanted = this.#wanted
    if (wanted === undefined || this.#closed) return
    this.#lastMs = performance.now()
    const text = isHealthy(wanted) ? marked(wanted.text, this.#mark) : shortened(wanted.text)
    const key = `${wanted.fill}/${wanted.shape}/${wanted.text}/${text}`
    if (key === this.#shown) return
    this.#shown = key
    this.show({ ...wanted, text }, wanted.text)
  }
}

/** An answer that has not come for so long is waited for, and the status says so. */
export const SILENT_MS = 5_000

/**
 * A flow that has finished nothing for so long stands still, as one whose join node waits for more
 * than may be in flight.
 */
export const STALLED_MS = 8_000

export const stalledText = (messages: number, stalledMs: number): string =>
  `${compact(messages)} in flight, 0 done in ${Math.round(stalledMs / 1000)} s`

/** 950 → "950", 5230 → "5.2k", 1_200_000 → "1.2M". */
export function compact(value: number): string {
  if (value < 1000) return String(Math.round(value))
  return value < 999_500 ? `${trimmed(value / 1000)}k` : `${trimmed(value / 1_000_000)}M`
}

const trimmed = (value: number) =>
  value < 99.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value))
