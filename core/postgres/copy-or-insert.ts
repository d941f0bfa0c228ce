/**
 * COPY, until a duplicate comes; then INSERT, until some batches had none. A useless probe doubles
 * how many that are.
 */
export class CopyOrInsert {
  #copies = true
  #clean = 0
  #needed = MIN_CLEAN
  #copied = 0

  get copies(): boolean {
    return this.#copies
  }
  copied(): void {
    if (++this.#copied >= 2 * MIN_CLEAN) this.#needed = MIN_CLEAN
  }
  duplicateInCopy(): void {
    if (this.#copied < 2 * MIN_CLEAN) this.#needed = Math.min(this.#needed * 2, MAX_CLEAN)
    this.#copies = false
    this.#clean = 0
    this.#copied = 0
  }
  inserted(duplicates: number): void {
    this.#clean = duplicates > 0 ? 0 : this.#clean + 1
    if (this.#clean >= this.#needed) this.#copies = true
  }
}

const MIN_CLEAN = 3
const MAX_CLEAN = 96
