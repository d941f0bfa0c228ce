import type { Meter } from '../meter.ts'
import { Alphabet, ASCII } from './alphabet.ts'
import { Automaton, END, FAILED, MATCHED, UNKNOWN } from './automaton.ts'
import { type Programs, programsOf } from './program.ts'
import { PatternError, parsePattern } from './tree.ts'

/**
 * A regular expression that takes time by the length of a text, never by the number of ways to
 * match it.
 */
export interface Pattern {
  /**
   * True if the text matches anywhere. @throws TooCostly by the meter that the pattern was made
   * with
   */
  test(text: string): boolean
}

/**
 * Compiles a regular expression of JavaScript with the flags `u` (the default), `i` or none.
 * @throws PatternError in words, for one that is broken, too large, or refers back by \1
 */
export function compilePattern(source: string, meter: Meter, flags = 'u'): Pattern {
  const { text, programs } = read(source, flags)
  return new Compiled(text, programs, meter, flags)
}

/** What is wrong with a regular expression, in words; empty if nothing is. */
export function patternProblems(source: string): string[] {
  try {
    read(source, 'u')
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

/** True if this is an expression of ECMA-262, whether or not it can be used here. */
export function isPattern(source: string): boolean {
  try {
    taken(source, 'u')
    return true
  } catch {
    return false
  }
}

function read(source: string, flags: string): { text: string; programs: Programs } {
  const text = taken(source, flags)
  return { text, programs: programsOf(parsePattern(text)) }
}

/**
 * A needless backslash, as in `\-` or `\@`, is an error to the flag `u` only: people have such
 * patterns from elsewhere.
 */
const NEEDLESS = /\\([^\w^$\\.*+?()[\]{}|/])/gu
const IN_CLASS_OR_NOT = /\[(?:\\.|[^\]\\])*\]|\\.|[^[\\]+/gsu

function taken(source: string, flags: string): string {
  try {
    new RegExp(source, flags)
    return source
  } catch (error) {
    const plain = source.replace(IN_CLASS_OR_NOT, part =>
      // in a class \- is a hyphen and - alone is a range
      part.replace(NEEDLESS, (whole, character: string) =>
        part.startsWith('[') && character === '-' ? whole : character
      )
    )
    try {
      if (plain !== source && new RegExp(source) && new RegExp(plain, flags)) return plain
    } catch {}
    throw new PatternError((error as Error).message)
  }
}

class Compiled implements Pattern {
  readonly #alphabet: Alphabet
  readonly #main: Automaton
  readonly #looks: readonly Automaton[]
  readonly #backwards: readonly boolean[]

  constructor(
    private readonly source: string,
    programs: Programs,
    private readonly meter: Meter,
    private readonly flags: string
  ) {
    this.#alphabet = new Alphabet(programs.atoms, flags, meter)
    this.#main = new Automaton(programs.main, this.#alphabet, meter, programs.looks.length)
    this.#looks = programs.looks.map(
      look => new Automaton(look, this.#alphabet, meter, programs.looks.length)
    )
    this.#backwards = programs.looks.map(look => look.backwards)
  }

  test(text: string): boolean {
    this.meter.charge(text.length + 4)
    return this.#looks.length === 0 ? this.#run(text) : this.#runWithLooks(text)
  }

  toString(): string {
    return `/${this.source}/${this.flags}`
  }

  #run(text: string): boolean {
    const automaton = this.#main
    const alphabet = this.#alphabet
    const { ascii } = alphabet
    let state = 0
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      let letter = unit < ASCII ? ascii[unit]! : -1
      if (letter < 0) {
        const codePoint = text.codePointAt(at)!
        if (codePoint > 0xffff) at++
        letter = alphabet.letterOf(codePoint)
      }
      // without looks a symbol is the letter and one
      const symbol = letter + 1
      let step = symbol < automaton.width ? automaton.table[state + symbol]! : UNKNOWN
      if (step === UNKNOWN) step = automaton.step(state, symbol)
      if (step === FAILED) return false
      if (isMatch(step)) return true
      state = step >> 1
    }
    return isMatch(automaton.step(state, END + 1))
  }

  /** Finds the places where each look holds, one pass a look, and then runs with what was found. */
  #runWithLooks(text: string): boolean {
    const letters = Array.from(text, character =>
      this.#alphabet.letterOf(character.codePointAt(0)!)
    )
    const holds = new Uint8Array(letters.length + 1)
    this.meter.charge(text.length * (4 + 2 * this.#looks.length))
    this.#looks.forEach((look, index) => {
      const backwards = this.#backwards[index]!
      const last = letters.length
      let state = 0
      for (let count = 0; count <= last; count++) {
        const place = backwards ? last - count : count
        const letter = letters[backwards ? place - 1 : place] ?? END
        // which looks hold at a place is known for all those inside this one
        const step = look.step(state, look.symbolOf(letter, holds[place]!))
        if (isMatch(step)) holds[place]! |= 1 << index
        state = step >> 1
      }
    })
    let state = 0
    for (let place = 0; place <= letters.length; place++) {
      const symbol = this.#main.symbolOf(letters[place] ?? END, holds[place]!)
      const step = this.#main.step(state, symbol)
      if (step === FAILED) return false
      if (isMatch(step)) return true
      state = step >> 1
    }
    return false
  }
}

const isMatch = (step: number) => (step & MATCHED) !== 0
