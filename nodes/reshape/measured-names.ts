import { stepsOf } from '../../core/record/field-path.ts'
import type { Settings } from './settings.ts'
import type { Treatment } from './values.ts'

/**
 * Names that are no measurements, as a tree: true where the field itself is meant, else what is
 * meant inside it; `*` is any name.
 */
interface Names {
  readonly named: Map<string, Names | true>
}

const makeNames = (): Names => ({ named: new Map() })

function add(names: Names, [step, ...rest]: readonly string[]): void {
  const there = names.named.get(step!)
  if (there === true) return
  if (rest.length === 0) {
    names.named.set(step!, true)
    return
  }
  const inner = there ?? makeNames()
  names.named.set(step!, inner)
  add(inner, rest)
}

/** The fields that every row has are no measurements, wherever they stand. */
export function leftOut(settings: Settings, fields: readonly string[]): Names | undefined {
  const at = settings.at === '' ? [] : stepsOf(settings.at)!
  const names = makeNames()
  for (const path of [...settings.keep.map(({ from }) => from), ...fields]) {
    const steps = stepsOf(path)!
    if (at.length < steps.length && at.every((step, index) => steps[index] === step))
      add(names, steps.slice(at.length))
  }
  if (settings.which === 'except')
    for (const { field } of settings.names) add(names, stepsOf(field)!)
  return names.named.size === 0 ? undefined : names
}

/** What is known of a field by its name and the names around it, in whichever record it stands. */
export interface MeasuredName {
  readonly metric: string
  readonly isLeftOut: boolean
  /** Another field may have the same metric: of "a.b", and of "b" in "a". */
  readonly mayRepeat: boolean
  readonly treatment: Treatment | undefined
  /** What is left out inside of it. */
  readonly names: Names | undefined
  /** What was found inside of it so far. */
  inside: Map<string, MeasuredName> | undefined
}

/** More names are not remembered, since a device may send new ones with every message. */
const MAX_NAMES = 10_000
/** Nor are longer ones, or those of an object or list that has more of them. */
const MAX_CHARACTERS = 256
const MAX_TOGETHER = 256

/**
 * Remembers names, as devices send the same ones with every message: to make a metric of them and
 * to look for what is said of it takes longer than the row.
 */
export class MeasuredNames {
  #count = 0
  readonly #roots: MeasuredName[] = []

  constructor(
    private readonly separator: string,
    private readonly treatment: ((metric: string) => Treatment | undefined) | undefined
  ) {}

  /** What the names inside of are looked for: all, or what stands in one field. */
  root(metric: string, names: Names | undefined): MeasuredName {
    const root = this.#make(metric, false, false, names)
    this.#roots.push(root)
    return root
  }

  /** @param together so many stand beside each other */
  in(around: MeasuredName, name: string, together: number): MeasuredName {
    const known = around.inside?.get(name)
    if (known !== undefined) return known
    const made = this.#madeIn(around, name)
    if (together <= MAX_TOGETHER && made.metric.length <= MAX_CHARACTERS)
      this.#keep(around, made, name)
    return made
  }

  #madeIn({ metric: prefix, names }: MeasuredName, name: string): MeasuredName {
    const within = names?.named.get(name) ?? names?.named.get('*')
    return this.#make(
      prefix === '' ? name : prefix + this.separator + name,
      within === true,
      mayRepeat(name, this.separator),
      within === true ? undefined : within
    )
  }

  #make(
    metric: string,
    isLeftOut: boolean,
    mayRepeat: boolean,
    names: Names | undefined
  ): MeasuredName {
    const treatment = isLeftOut ? undefined : this.treatment?.(metric)
    return { metric, isLeftOut, mayRepeat, treatment, names, inside: undefined }
  }

  #keep(around: MeasuredName, made: MeasuredName, name: string): void {
    if (++this.#count > MAX_NAMES) {
      for (const root of this.#roots) root.inside = undefined
      this.#count = 1
    }
    around.inside ??= new Map()
    around.inside.set(name, made)
  }
}

/**
 * Whether a separator may be read where none was put: inside of a name, or across its beginning or
 * its end, as of "a_" and of "_b" by "__". A name without characters leaves none to tell by.
 */
const mayRepeat = (name: string, separator: string): boolean =>
  name === '' ||
  name.includes(separator) ||
  separator.includes(name[0]!) ||
  separator.includes(name.at(-1)!)
