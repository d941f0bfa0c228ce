import type { Reason } from '../../core/record/record.ts'
import type { LineBatch } from './pending.ts'

/** So often in a row a server fails with the same lines before fewer of them are tried. */
const DOUBTS = 3
/** So many requests in a row that store nothing are enough before the server is waited for. */
const UNPROVEN = 16

/** The line that was stored last: sent again, it tells whether the server stores anything. */
export interface Witness {
  line: string | undefined
}

/**
 * A batch on its way to the server, in parts that become smaller where some of its lines cannot be
 * stored. It keeps what is done, so that a further try goes on where the last one broke off.
 */
export class Parts {
  /** Places of lines that are not dealt with, the next part last. */
  readonly #todo: number[][]
  #doubts = 0
  #unproven = 0
  /** A line alone that the server fails with, and whether the witness was stored since. */
  #accused: { readonly place: number; hasWitness: boolean } | undefined

  constructor(
    private readonly batch: LineBatch,
    private readonly witness: Witness
  ) {
    this.#todo = [batch.lines.map((_line, place) => place)]
  }

  /** The lines to send next; undefined when all are dealt with. */
  next(): readonly string[] | undefined {
    if (this.#asksWitness) return [this.witness.line!]
    const { lines } = this.batch
    const part = this.#todo.at(-1)
    return part?.length === lines.length ? lines : part?.map(place => lines[place]!)
  }

  get #asksWitness(): boolean {
    return this.#accused?.hasWitness === false
  }

  /** What was sent is stored. */
  stored(): void {
    this.#doubts = 0
    this.#unproven = 0
    if (this.#asksWitness) {
      this.#accused!.hasWitness = true
      return
    }
    this.#accused = undefined
    const part = this.#todo.pop()!
    // The last one: nothing newer was stored since, which it could overwrite.
    this.witness.line = this.batch.lines[part.at(-1)!]
    for (const place of part) this.batch.owners[place]!.store()
  }

  /**
   * These of what was sent, by their place in it, can never be stored; the others are sent again.
   */
  refuse(reasons: ReadonlyMap<number, Reason>): void {
    this.#doubts = 0
    if (this.#dismissesWitness()) return
    const part = this.#todo.pop()!
    for (const [at, reason] of reasons) this.#refuseLine(part[at]!, reason)
    this.#todo.push(...around(part, reasons))
  }

  refuseAll(reason: Reason): void {
    this.refuse(new Map(this.#todo.at(-1)!.map((_place, at) => [at, reason])))
  }

  /** Fewer lines at a time; what is one line only is refused. */
  halve(reason: Reason): void {
    if (!this.#halved()) this.refuseAll(reason)
  }

  #halved(): boolean {
    if (this.#asksWitness || this.#todo.at(-1)!.length === 1) return false
    this.#doubts = 0
    const part = this.#todo.pop()!
    const middle = part.length >> 1
    this.#todo.push(part.slice(middle), part.slice(0, middle))
    return true
  }

  /**
   * The server fails, and the lines may be to blame, or not. A line is refused only if the server
   * fails with it, stores another one, and fails with it again. True if something else is to be
   * tried at once; false if the server is to be waited for.
   */
  doubt(reason: Reason, isTransient: boolean): boolean {
    if (this.#asksWitness) {
      this.#accused = undefined
      return false
    }
    const mayPass = isTransient && this.#accused === undefined
    if (mayPass && ++this.#doubts < DOUBTS) return false
    this.#unproven++
    if (this.#halved()) return this.#unproven % UNPROVEN !== 0
    const place = this.#todo.at(-1)![0]!
    if (this.#accused?.place === place) {
      this.#accused = undefined
      this.refuseAll(reason)
      return true
    }
    return this.#accuse(place)
  }

  #accuse(place: number): boolean {
    if (this.witness.line !== undefined) {
      this.#accused = { place, hasWitness: false }
      return true
    }
    // The others first: one of them may be stored.
    this.#doubts = 0
    this.#todo.unshift(this.#todo.pop()!)
    return this.#todo.length > 1 && this.#unproven % UNPROVEN !== 0
  }

  /** What is said of the witness, which was stored before, makes it useless. */
  #dismissesWitness(): boolean {
    if (!this.#asksWitness) return false
    this.#accused = undefined
    this.witness.line = undefined
    return true
  }

  #refuseLine(place: number, reason: Reason): void {
    this.batch.owners[place]!.refuse(this.batch.places[place]!, reason)
  }
}

/** A server may name the first of many, so the lines around each are sent apart. */
const MOST_NAMED = 8

function around(part: readonly number[], reasons: ReadonlyMap<number, Reason>): number[][] {
  const rest = part.filter((_place, at) => !reasons.has(at))
  if (rest.length === 0) return []
  if (reasons.size > MOST_NAMED) return [rest]
  const [first = 0] = [...reasons.keys()].sort((a, b) => a - b)
  const before = part.slice(0, first)
  const behind = rest.slice(before.length)
  const middle = behind.length >> 1
  // Halves, so that thousands of bad lines are not sent thousands of times.
  const parts = reasons.size === 1 ? [behind.slice(middle), behind.slice(0, middle)] : [behind]
  return [...parts, before].filter(lines => lines.length > 0)
}
