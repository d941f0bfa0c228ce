import { type Edge, isAnchored, PatternError, type Tree } from './tree.ts'

/** What a walk through an expression does next; numbers are places in the program. */
export type Instruction =
  | { readonly op: 'take'; readonly atom: number; readonly next: number }
  | { readonly op: 'split'; readonly nexts: number[] }
  | { readonly op: 'edge'; readonly at: Edge; readonly next: number }
  | {
      readonly op: 'look'
      readonly look: number
      readonly negative: boolean
      readonly next: number
    }
  | { readonly op: 'match' }

export interface Program {
  readonly instructions: readonly Instruction[]
  readonly start: number
  /** It need not be tried but at the start of a text. */
  readonly anchored: boolean
  /** It is walked from the end of a text to its start. */
  readonly backwards: boolean
}

/** An expression as programs over its atoms, the sources of whatever takes one character. */
export interface Programs {
  readonly atoms: readonly string[]
  /** Looks ahead and behind, inner ones before those that hold them. */
  readonly looks: readonly Program[]
  readonly main: Program
}

/** Each copy of what is repeated is written out, `a{1000}` as a thousand letters. */
const MAX_INSTRUCTIONS = 10_000
/** Each doubles what the automaton may have to tell apart. */
const MAX_LOOKS = 8

/**
 * Makes the programs of an expression, by Thompson's construction. A look ahead becomes a program
 * that is walked backwards: one pass over the text finds all places where it holds.
 * @throws PatternError if it is too large
 */
export function programsOf(tree: Tree): Programs {
  const expression: Expression = { atoms: new Map(), looks: [], size: 0 }
  const main = { ...new Writer(expression, false).program(tree), anchored: isAnchored(tree) }
  return { atoms: [...expression.atoms.keys()], looks: expression.looks, main }
}

/** What the programs of one expression share. */
interface Expression {
  readonly atoms: Map<string, number>
  readonly looks: Program[]
  size: number
}

class Writer {
  readonly #instructions: Instruction[] = [{ op: 'match' }]

  constructor(
    private readonly expression: Expression,
    private readonly backwards: boolean
  ) {}

  program(tree: Tree): Program {
    const start = this.#write(tree, 0)
    return { instructions: this.#instructions, start, anchored: false, backwards: this.backwards }
  }

  /** Writes the instructions of a tree, behind which `next` comes; gives where they begin. */
  #write(tree: Tree, next: number): number {
    switch (tree.kind) {
      case 'char':
        return this.#add({ op: 'take', atom: this.#atomOf(tree.source), next })
      case 'edge':
        return this.#add({ op: 'edge', at: tree.at, next })
      case 'look':
        return this.#add({
          op: 'look',
          look: this.#lookOf(tree.item, tree.ahead),
          negative: tree.negative,
          next
        })
      case 'choice':
        return this.#add({
          op: 'split',
          nexts: tree.options.map(option => this.#write(option, next))
        })
      case 'sequence': {
        const fromLast = this.backwards ? tree.items : tree.items.toReversed()
        return fromLast.reduce((behind, item) => this.#write(item, behind), next)
      }
      case 'repeat':
        return this.#repeat(tree.item, tree.least, tree.most, next)
    }
  }

  #repeat(item: Tree, least: number, most: number, next: number): number {
    let entry = next
    if (most === Number.POSITIVE_INFINITY) {
      const nexts: number[] = []
      entry = this.#add({ op: 'split', nexts })
      nexts.push(this.#write(item, entry), next)
    } else {
      for (let copy = least; copy < most; copy++)
        entry = this.#add({ op: 'split', nexts: [this.#write(item, entry), next] })
    }
    for (let copy = 0; copy < least; copy++) entry = this.#write(item, entry)
    return entry
  }

  #add(instruction: Instruction): number {
    if (++this.expression.size > MAX_INSTRUCTIONS) {
      throw new PatternError(
        'it is too large; give the length of a text by minLength and maxLength rather than by {…}'
      )
    }
    return this.#instructions.push(instruction) - 1
  }

  #lookOf(item: Tree, ahead: boolean): number {
    const { looks } = this.expression
    const program = new Writer(this.expression, ahead).program(item)
    if (looks.length >= MAX_LOOKS)
      throw new PatternError(`it looks ahead or behind more than ${MAX_LOOKS} times`)
    return looks.push(program) - 1
  }

  #atomOf(source: string): number {
    const { atoms } = this.expression
    const known = atoms.get(source)
    if (known !== undefined) return known
    atoms.set(source, atoms.size)
    return atoms.size - 1
  }
}
