import { cloneRecord } from './clone-record.ts'
import { isExactNumber } from './exact-decimal.ts'
import { getter, type Put, setter, stepsOf } from './field-path.ts'
import { inherit, type TelemetryRecord } from './record.ts'

/** A field that gets another name, another form, or both. */
export interface FieldMove {
  readonly from: string
  /** Its new name; empty to keep it. */
  readonly to: string
  /** Gives undefined where the value cannot be converted. */
  readonly convert?: ((value: unknown) => unknown) | undefined
}

/** Why the fields of a record cannot be moved. */
export class NotConverted {
  constructor(
    readonly from: string,
    readonly value: unknown
  ) {}
}

interface Step {
  readonly from: string
  readonly get: (record: unknown) => unknown
  readonly put: Put
  readonly steps: readonly string[]
  /** Its new place is where it stands already. */
  readonly isSame: boolean
  /** The field that is gone when this one has moved: one of the record itself. */
  readonly leaves: string | undefined
  /** Where it stands inside of an object, which it never leaves. */
  readonly inside: Put | undefined
  readonly convert: ((value: unknown) => unknown) | undefined
}

/** In place of the value of a row that has its new place, or is where it was. */
const MOVED = Symbol('moved')
const BACK = Symbol('back')

/**
 * Makes the function that gives a new object with these fields moved. No value displaces another: a
 * name goes to the field that has it already, or else to the first of the rows that holds a value,
 * and the others stay where they are, converted if they can be. Only where none holds a value, the
 * name may go to a null.
 * @param others whether the fields that no row names stay too; without them, what does not get its
 * name is left out
 */
export function fieldMover(
  rows: readonly FieldMove[],
  others: boolean
): (record: TelemetryRecord) => TelemetryRecord | NotConverted {
  const steps = rows.map(stepOf)
  const leaving = new Set(steps.flatMap(({ leaves }) => leaves ?? []))
  const reachesInside = steps.some(step => step.steps.length > 1)
  if (!others && !reachesInside && areOwnNames(steps)) return original => named(steps, original)
  return original => {
    let staying: Set<string> | undefined
    for (;;) {
      // What is inside an object is put into a copy, so that what came stays as it is.
      const record = reachesInside ? cloneRecord(original) : original
      const moved: TelemetryRecord = {}
      if (others) {
        for (const key of Object.keys(record))
          if (!leaving.has(key) || staying?.has(key)) moved[key] = record[key]
      }
      const move = new Move(steps, record, moved, staying)
      const outcome = move.place(false) ?? (move.isDone ? undefined : move.rest(others))
      if (typeof outcome !== 'string') return outcome ?? inherit(original, moved)
      // Its place was given to another while it was on its way: then it does not leave.
      staying = (staying ?? new Set<string>()).add(outcome)
    }
  }
}

/** Each field gets a name that no other could have got: then there is nothing to weigh. */
const areOwnNames = (steps: readonly Step[]) =>
  new Set(steps.map(({ steps: [name] }) => name)).size === steps.length

function named(steps: readonly Step[], original: TelemetryRecord): TelemetryRecord | NotConverted {
  const moved: TelemetryRecord = {}
  for (const { from, get, put, isSame, convert } of steps) {
    const value = get(original)
    if (value === undefined) continue
    const made = value === null || convert === undefined ? value : convert(value)
    if (made === undefined) return new NotConverted(from, value)
    put(moved, isSame || typeof made !== 'object' ? made : cloneRecord(made))
  }
  return inherit(original, moved)
}

function stepOf({ from, to, convert }: FieldMove): Step {
  const source = stepsOf(from) ?? from.split('.')
  const steps = to === '' ? source : (stepsOf(to) ?? to.split('.'))
  const isSame = steps.length === source.length && steps.every((step, at) => step === source[at])
  return {
    from,
    get: getter(from),
    put: setter(to || from),
    steps,
    isSame,
    leaves: isSame || source.length > 1 ? undefined : source[0],
    inside: isSame || source.length === 1 ? undefined : setter(from),
    convert
  }
}

/** The way of the fields of one record. */
class Move {
  readonly #values: unknown[] = []
  /** How many of the fields that are there have no new place yet. */
  #left = 0

  constructor(
    readonly steps: readonly Step[],
    record: TelemetryRecord,
    readonly moved: TelemetryRecord,
    readonly staying: ReadonlySet<string> | undefined
  ) {
    for (const { get } of steps) {
      const value = get(record)
      if (value !== undefined) this.#left++
      this.#values.push(value)
    }
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  /** What is to be done where some have no place: they go back, and nulls get what is free. */
  rest(others: boolean): NotConverted | string | undefined {
    if (!others) return this.place(true)
    this.#convertInside()
    return this.#back(false) ?? this.place(true) ?? this.#back(true)
  }

  /** Converts what stands inside of an object, and is under no new name, where it stands. */
  #convertInside(): void {
    const { steps, moved } = this
    for (let index = 0; index < steps.length; index++) {
      const { from, get, inside, convert } = steps[index]!
      const value = this.#values[index]
      if (inside === undefined || convert === undefined) continue
      if (value === undefined || value === null || value === MOVED) continue
      const isMoved = steps.some((step, at) => step.from === from && this.#values[at] === MOVED)
      if (isMoved || !Object.is(get(moved), value)) continue
      const made = convert(value)
      if (made === undefined) continue
      // What came stays as it is.
      const [holder] = stepsOf(from) ?? from.split('.')
      moved[holder!] = cloneRecord(moved[holder!])
      inside(moved, made)
    }
  }

  /** Gives the new places to the values, or to the nulls; the rows above go first. */
  place(nulls: boolean): NotConverted | undefined {
    const { steps, moved } = this
    for (let index = 0; index < steps.length; index++) {
      const value = this.#values[index]
      if (value === undefined || value === MOVED || value === BACK) continue
      if ((value === null) !== nulls) continue
      const step = steps[index]!
      if (!isFree(moved, step, value)) continue
      const made = nulls || step.convert === undefined ? value : step.convert(value)
      if (made === undefined) return new NotConverted(step.from, value)
      // Under two names it is two, so that what changes one leaves the other.
      step.put(moved, step.isSame || typeof made !== 'object' ? made : cloneRecord(made))
      this.#values[index] = MOVED
      this.#left--
    }
    return undefined
  }

  /** Puts back what got no new place; gives the name of one whose place is another's by now. */
  #back(nulls: boolean): string | undefined {
    const { steps, moved } = this
    for (let index = 0; index < steps.length; index++) {
      const { leaves, convert } = steps[index]!
      const value = this.#values[index]
      if (leaves === undefined || value === undefined || value === MOVED || value === BACK) continue
      if ((value === null) !== nulls || this.#isThere(leaves)) continue
      const there = moved[leaves]
      if (value !== null && there !== undefined && there !== null) return leaves
      // Another has the name that it was for: what cannot be converted is nobody's number then.
      const made = nulls ? value : (convert?.(value) ?? value)
      if (there === undefined || value !== null) moved[leaves] = made
      this.#values[index] = BACK
    }
    return undefined
  }

  /** Whether the field is under a new name, or where it was, by another row. */
  #isThere(name: string): boolean {
    if (this.staying?.has(name)) return true
    return this.steps.some(({ leaves }, at) => {
      const value = this.#values[at]
      return leaves === name && (value === MOVED || value === BACK)
    })
  }
}

/** Whether nothing is lost where this value is put there. */
function isFree(moved: TelemetryRecord, { steps, isSame }: Step, value: unknown): boolean {
  let at: unknown = moved
  if (steps.length === 1 && !Object.hasOwn(moved, steps[0]!)) return true
  for (const step of steps) {
    if (at === undefined || (at === null && value !== null)) return true
    if (!holds(at, step)) return false
    at = Object.hasOwn(at, step) ? (at as TelemetryRecord)[step] : undefined
  }
  return at === undefined || (at === null && value !== null) || (isSame && Object.is(at, value))
}

/** Whether it can have a field, or an element, of this name. */
function holds(at: unknown, step: string): at is object {
  if (typeof at !== 'object' || at === null) return false
  if (Array.isArray(at)) return /^\d{1,9}$/.test(step) && Number(step) <= at.length
  return !(ArrayBuffer.isView(at) || at instanceof Date || isExactNumber(at))
}
