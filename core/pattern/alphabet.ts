import type { Meter } from '../meter.ts'

/** Letters, digits and _, between which and others \b lies. */
const WORD = /^\w$/
export const ASCII = 128
const BASIC = 0x10000
/** Of the characters beyond the basic plane so many are remembered. */
const MAX_ASTRAL = 4096
/** What it costs to learn of which letter a character is. */
const STEPS_TO_LEARN = 30

/**
 * Characters as an expression tells them apart: those that the same atoms take are one letter to
 * it. Whether an atom takes a character is asked of `RegExp`, so that classes and escapes mean here
 * what they mean everywhere in JavaScript.
 */
export class Alphabet {
  /** The atoms that take this letter. */
  readonly takers: ReadonlySet<number>[] = []
  readonly isWord: boolean[] = []
  /** The letters of the characters that most texts are made of; -1 is not known yet. */
  readonly ascii = new Int16Array(ASCII).fill(-1)
  /** Those of the basic plane, once a text needs them. */
  #basic: Int16Array | undefined
  readonly #beyond = new Map<number, number>()
  readonly #bySignature = new Map<string, number>()
  readonly #atoms: readonly RegExp[]
  readonly #astral: readonly RegExp[]

  constructor(
    atoms: readonly string[],
    flags: string,
    private readonly meter: Meter
  ) {
    const make = (withFlags: string) => atoms.map(atom => new RegExp(`^${atom}$`, withFlags))
    this.#atoms = make(flags)
    this.#astral = flags.includes('u') ? this.#atoms : make(`${flags}u`)
  }

  /** The letter of a code point. */
  letterOf(codePoint: number): number {
    const known =
      codePoint < BASIC ? (this.#basic?.[codePoint] ?? -1) : (this.#beyond.get(codePoint) ?? -1)
    return known >= 0 ? known : this.#learn(codePoint)
  }

  #learn(codePoint: number): number {
    this.meter.charge(STEPS_TO_LEARN)
    const character = String.fromCodePoint(codePoint)
    const takers = new Set<number>()
    const atoms = codePoint > 0xffff ? this.#astral : this.#atoms
    atoms.forEach((atom, index) => {
      if (atom.test(character)) takers.add(index)
    })
    const isWord = WORD.test(character)
    const signature = `${isWord}${[...takers].join()}`
    let letter = this.#bySignature.get(signature)
    if (letter === undefined) {
      letter = this.takers.push(takers) - 1
      this.isWord.push(isWord)
      this.#bySignature.set(signature, letter)
    }
    this.#remember(codePoint, letter)
    return letter
  }

  #remember(codePoint: number, letter: number): void {
    if (codePoint < ASCII) this.ascii[codePoint] = letter
    if (codePoint < BASIC) {
      this.#basic ??= new Int16Array(BASIC).fill(-1)
      this.#basic[codePoint] = letter
    } else {
      if (this.#beyond.size >= MAX_ASTRAL) this.#beyond.clear()
      this.#beyond.set(codePoint, letter)
    }
  }
}
