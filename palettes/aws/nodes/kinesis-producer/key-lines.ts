/** To shift an array takes a time that grows with it, so what has left is cut off now and then. */
const CUT_FROM = 1024

class Queue<T> {
  #items: T[] = []
  #next = 0

  get size(): number {
    return this.#items.length - this.#next
  }
  get first(): T | undefined {
    return this.#items[this.#next]
  }
  push(item: T): void {
    this.#items.push(item)
  }
  shift(): void {
    this.#next++
    if (this.#next < CUT_FROM || 2 * this.#next < this.#items.length) return
    this.#items = this.#items.slice(this.#next)
    this.#next = 0
  }
}

/** What is written of one key, in its order. The first stays until it is written or refused. */
export class KeyLine<T> {
  readonly waiting = new Queue<T>()
  constructor(readonly key: string | undefined) {}
}

/**
 * What waits to be written. Of a line only the first may be under way; lines have their turn in the
 * order in which their first came to stand there.
 */
export class KeyLines<T> {
  readonly #lines = new Map<string, KeyLine<T>>()
  #ready = new Queue<KeyLine<T>>()
  /** Before the others: what was under way and has to go again. */
  #again: KeyLine<T>[] = []
  #size = 0

  /** All that is not written, under way or not. */
  get size(): number {
    return this.#size
  }

  /** @param key undefined for what has no order */
  add(key: string | undefined, item: T): void {
    this.#size++
    const known = key === undefined ? undefined : this.#lines.get(key)
    if (known !== undefined) {
      known.waiting.push(item)
      return
    }
    const line = new KeyLine<T>(key)
    line.waiting.push(item)
    if (key !== undefined) this.#lines.set(key, line)
    this.#ready.push(line)
  }

  /** The next that may be sent; undefined where none is. */
  peek(): T | undefined {
    return (this.#again[0] ?? this.#ready.first)?.waiting.first
  }

  /** The line of what `peek` gave: it is under way until `done` or `again`. */
  take(): KeyLine<T> {
    const back = this.#again.shift()
    if (back !== undefined) return back
    const line = this.#ready.first!
    this.#ready.shift()
    return line
  }

  /** The first of the line has come to its end. */
  done(line: KeyLine<T>): void {
    this.#size--
    line.waiting.shift()
    if (line.waiting.size > 0) this.#ready.push(line)
    else if (line.key !== undefined) this.#lines.delete(line.key)
  }

  /** The first of each of these lines has to be sent again, before the others. */
  again(lines: readonly KeyLine<T>[]): void {
    this.#again = [...lines, ...this.#again]
  }

  /** The first of each of these lines has to be sent again, after those of the others. */
  last(lines: readonly KeyLine<T>[]): void {
    for (const line of lines) this.#ready.push(line)
  }
}
