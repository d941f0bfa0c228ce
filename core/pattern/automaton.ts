import type { Meter } from '../meter.ts'
import type { Alphabet } from './alphabet.ts'
import type { Program } from './program.ts'

/** What lies beside a place in a text. */
type Side = 'end' | 'word' | 'other'

/** Where all walks through a program are at one place of a text. */
interface State {
  /** Places in the program, sorted. */
  readonly places: readonly number[]
  /** What the walks came by last. */
  readonly before: Side
}

/** Stands for the end of a text where a letter is expected. */
export const END = -1
/** A step that is not known yet, and one from which nothing can match any more. */
export const UNKNOWN = -1
export const FAILED = -2
/** Set in a step if a walk has come to its end before it took the symbol. */
export const MATCHED = 1

/** The table is begun anew when it would have more entries than this: 1 MB. */
const MAX_ENTRIES = 1 << 18
const MAX_PLACES = 100_000
/**
 * A step that is made costs this much for every place that it goes by; one that is known costs 1.
 */
const STEPS_A_PLACE = 20

/**
 * A deterministic automaton that is made while it runs. It goes by each character once, whatever
 * the expression is: a text costs time by its length, never by the number of ways to match it.
 *
 * A step is a number: twice the place in the table of the state that it leads to, and MATCHED. The
 * first state has place 0.
 */
export class Automaton {
  /** Steps by state and symbol. It is replaced when it grows, so it must not be kept. */
  table = new Int32Array(0)
  /** Symbols that have a place in each row of the table. */
  width = 4
  #states: State[] = []
  #places = new Map<string, number>()
  #rememberedPlaces = 0
  readonly #seen: Uint32Array
  #round = 0

  constructor(
    private readonly program: Program,
    private readonly alphabet: Alphabet,
    private readonly meter: Meter,
    /** How many looks the program may have to know of at each place. */
    private readonly looks: number
  ) {
    this.#seen = new Uint32Array(program.instructions.length)
    this.#beginAnew()
  }

  /**
   * A symbol of a letter of the alphabet (END behind the last) and the looks that hold at this
   * place, a bit each.
   */
  symbolOf(letter: number, looks: number): number {
    return ((letter + 1) << this.looks) | looks
  }

  /** Where a symbol leads from a state. */
  step(state: number, symbol: number): number {
    const known = symbol < this.width ? this.table[state + symbol]! : UNKNOWN
    return known === UNKNOWN ? this.#makeStep(this.#states[state / this.width]!, symbol) : known
  }

  #makeStep(from: State, symbol: number): number {
    while (symbol >= this.width) {
      this.width *= 2
      this.#beginAnew()
    }
    const { matched, to } = this.#walk(from, symbol)
    const place = to.places.length === 0 ? FAILED : this.#placeOf(to)
    const step =
      place === FAILED ? (matched ? MATCHED : FAILED) : 2 * place + (matched ? MATCHED : 0)
    // the table may have been begun anew meanwhile
    const origin = this.#places.get(nameOf(from))
    if (origin !== undefined) this.table[origin + symbol] = step
    return step
  }

  #walk(from: State, symbol: number): { matched: boolean; to: State } {
    const { instructions, start, anchored } = this.program
    const looks = symbol & ((1 << this.looks) - 1)
    const letter = (symbol >> this.looks) - 1
    const after: Side = letter === END ? 'end' : this.alphabet.isWord[letter] ? 'word' : 'other'
    const takers = letter === END ? undefined : this.alphabet.takers[letter]
    const pending = [...from.places]
    const reached = new Set<number>()
    const round = ++this.#round
    let matched = false
    let steps = 1
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (this.#seen[place] === round) continue
      this.#seen[place] = round
      steps++
      const instruction = instructions[place]!
      if (instruction.op === 'match') matched = true
      else if (instruction.op === 'split') pending.push(...instruction.nexts)
      else if (instruction.op === 'take') {
        if (takers?.has(instruction.atom)) reached.add(instruction.next)
      } else if (this.#holds(instruction, looks, from.before, after)) pending.push(instruction.next)
    }
    this.meter.charge(steps * STEPS_A_PLACE)
    if (!anchored) reached.add(start)
    return { matched, to: { places: [...reached].sort((a, b) => a - b), before: after } }
  }

  #holds(
    instruction: { op: 'edge'; at: string } | { op: 'look'; look: number; negative: boolean },
    looks: number,
    before: Side,
    after: Side
  ): boolean {
    if (instruction.op === 'look')
      return ((looks >> instruction.look) & 1) === (instruction.negative ? 0 : 1)
    const [left, right] = this.program.backwards ? [after, before] : [before, after]
    if (instruction.at === '^') return left === 'end'
    if (instruction.at === '$') return right === 'end'
    return ((left === 'word') !== (right === 'word')) === (instruction.at === '\\b')
  }

  #placeOf(state: State): number {
    const known = this.#places.get(nameOf(state))
    if (known !== undefined) return known
    const full = (this.#states.length + 1) * this.width > MAX_ENTRIES
    if (full || this.#rememberedPlaces > MAX_PLACES) this.#beginAnew()
    return this.#add(state)
  }

  #beginAnew(): void {
    this.#states = []
    this.#places.clear()
    this.#rememberedPlaces = 0
    this.table = new Int32Array(16 * this.width).fill(UNKNOWN)
    this.#add({ places: [this.program.start], before: 'end' })
  }

  #add(state: State): number {
    const place = this.#states.length * this.width
    this.#states.push(state)
    this.#places.set(nameOf(state), place)
    this.#rememberedPlaces += state.places.length
    if (place + this.width > this.table.length) {
      const larger = new Int32Array(this.table.length * 2).fill(UNKNOWN)
      larger.set(this.table)
      this.table = larger
    }
    return place
  }
}

const nameOf = ({ places, before }: State) => `${before} ${places.join()}`
