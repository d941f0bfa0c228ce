/**
 * What was written here and has not been read from the topic since. Where all was read that the
 * topic holds, and this was not, then the topic does not hold it: it was made anew before its
 * reader had come so far, which the reader cannot know.
 */
export class UnreadWrites {
  #now = new Set<string>()
  /** Of before the reader was asked. */
  #before = new Set<string>()

  written(identity: string): void {
    this.#now.add(identity)
  }

  read(identity: string): void {
    this.#now.delete(identity)
    this.#before.delete(identity)
  }

  /** The reader is asked now for all that the topic holds. */
  ask(): void {
    if (this.#before.size === 0) this.#before = this.#now
    else for (const identity of this.#now) this.#before.add(identity)
    this.#now = new Set()
  }

  /** All of that was read. Gives what the topic does not hold. */
  missing(): Iterable<string> {
    const missing = this.#before
    this.#before = new Set()
    return missing
  }

  clear(): void {
    this.#now.clear()
    this.#before.clear()
  }
}
