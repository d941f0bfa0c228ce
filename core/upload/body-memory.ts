/** What the bodies of all requests may take together. */
export class BodyMemory {
  #bytes = 0
  constructor(private readonly most: number) {}

  /**
   * False where there is none. A body alone may take more: it is bounded by itself.
   * @param own what the same body has already
   */
  take(bytes: number, own: number): boolean {
    if (this.#bytes > own && this.#bytes + bytes > this.most) return false
    this.#bytes += bytes
    return true
  }
  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** What one body takes of it. */
export class Share {
  #bytes = 0
  constructor(private readonly memory: BodyMemory) {}

  /** It takes so many bytes more; false where there is no memory for them. */
  take(bytes: number): boolean {
    if (!this.memory.take(bytes, this.#bytes)) return false
    this.#bytes += bytes
    return true
  }
  /** It takes so many in all: its compression is undone. */
  grow(bytes: number): boolean {
    return bytes <= this.#bytes || this.take(bytes - this.#bytes)
  }
  give(): void {
    this.memory.give(this.#bytes)
    this.#bytes = 0
  }
}
