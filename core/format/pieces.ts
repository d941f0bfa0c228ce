/**
 * Some of what a payload holds. A long one is read piece by piece, so that others have their turn
 * in between; an empty piece says only that time has passed.
 */
export interface Piece<T> {
  readonly values: readonly T[]
  /** The same in new objects, read anew, without what stands before it. */
  again(): readonly T[]
}

/** What was read from one place, and the place to read on from, if there is more. */
export interface Step<T, Place> {
  readonly values: readonly T[]
  readonly next: Place | undefined
}

/** Values that a piece has at most: the clock is looked at after each, a retry reads one anew. */
export const PIECE_VALUES = 256
/** Characters that a piece takes about, where each of its values is short. */
export const PIECE_CHARACTERS = 65_536

/** Goes on from place to place. What is read from a place depends on it alone. */
export function* inPieces<T, Place>(
  first: Place,
  read: (from: Place) => Step<T, Place>
): Generator<Piece<T>> {
  for (let at: Place | undefined = first; at !== undefined; ) {
    const from: Place = at
    const { values, next } = read(from)
    yield { values, again: () => read(from).values }
    at = next
  }
}

/** Collects the values of one piece, and says when it has enough of them. */
export class PieceFill {
  readonly values: unknown[] = []

  constructor(private readonly from: number) {}

  isFull(at: number): boolean {
    return this.values.length >= PIECE_VALUES || at - this.from >= PIECE_CHARACTERS
  }
}

/** Values that are made when they are asked for, by their numbers. */
export interface Numbered<T> {
  readonly length: number
  items(from: number, to: number): T[]
}

export function inOnePiece<T>(found: Numbered<T>, readAnew: () => Numbered<T>): Piece<T>[] {
  const again = () => {
    const anew = readAnew()
    return anew.items(0, anew.length)
  }
  return [{ values: found.items(0, found.length), again }]
}

/** Only time has passed. */
export const NOTHING_YET: Piece<never> = { values: [], again: () => [] }
