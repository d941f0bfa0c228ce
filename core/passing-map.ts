/** Holds a value as long as it stands in a map. */
interface Holder<V> {
  held: V | undefined
}

/**
 * A map for what comes and goes all the time, such as the messages in flight.
 *
 * V8 gives a `Map` a new table whenever as many keys have come as the old one had room for. The old
 * table keeps all that stood in it and points to the new one. Once one of them is in the old
 * generation, each further table is kept by the one before it, though nobody uses it any more, and
 * with it what has passed through: until the old generation is collected. Then everything is copied
 * twice, and that collection, which stops the process, comes twenty times as often. Here tables
 * have holders, which are empty when their value has left.
 */
export class PassingMap<K, V extends object> {
  readonly #holders = new Map<K, Holder<V>>()

  get size(): number {
    return this.#holders.size
  }

  get(key: K): V | undefined {
    return this.#holders.get(key)?.held
  }
  has(key: K): boolean {
    return this.#holders.has(key)
  }

  set(key: K, value: V): this {
    const holder = this.#holders.get(key)
    if (holder === undefined) this.#holders.set(key, { held: value })
    else holder.held = value
    return this
  }

  delete(key: K): boolean {
    const holder = this.#holders.get(key)
    if (holder === undefined) return false
    holder.held = undefined
    return this.#holders.delete(key)
  }

  clear(): void {
    for (const holder of this.#holders.values()) holder.held = undefined
    this.#holders.clear()
  }

  *values(): Generator<V> {
    for (const { held } of this.#holders.values()) if (held !== undefined) yield held
  }

  forEach(act: (value: V, key: K) => void): void {
    for (const [key, { held }] of this.#holders) if (held !== undefined) act(held, key)
  }
}

const NUMBER = Symbol('millrace.passing')

interface Numbered {
  [NUMBER]?: number
}

/**
 * A set for what comes and goes all the time, in the order it came: see `PassingMap`. An object
 * stands in one such set at a time.
 */
export class PassingSet<T extends object> implements Iterable<T> {
  readonly #items = new PassingMap<number | undefined, T>()
  #next = 0

  get size(): number {
    return this.#items.size
  }

  add(item: T): void {
    if (this.has(item)) return
    const number = this.#next++
    ;(item as Numbered)[NUMBER] = number
    this.#items.set(number, item)
  }
  has(item: T): boolean {
    return this.#items.get((item as Numbered)[NUMBER]) === item
  }
  delete(item: T): boolean {
    return this.has(item) && this.#items.delete((item as Numbered)[NUMBER])
  }
  clear(): void {
    this.#items.clear()
  }
  [Symbol.iterator](): Iterator<T> {
    return this.#items.values()
  }
}
