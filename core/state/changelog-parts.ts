/** A value may be larger than a Kafka record: then it is kept in parts, which a head counts. */
const PART_CHARACTERS = 120_000
/** No value begins with it, since they are JSON. */
const HEAD = '#'
/** Nothing else that is kept has such a name. */
const partName = (part: number, name: string) => `p:${part}:${name}`

const countOf = (value: string | undefined): number =>
  value === undefined || value.length <= PART_CHARACTERS
    ? 0
    : Math.ceil(value.length / PART_CHARACTERS)

/**
 * The records by which a value is kept; undefined removes one.
 * @param before how many parts the value before had
 */
export function* partsOf(
  name: string,
  value: string | undefined,
  before: number
): Iterable<readonly [key: string, part: string | undefined]> {
  const count = countOf(value)
  yield [name, count > 0 ? `${HEAD}${count}` : value]
  for (let part = 0; part < Math.max(count, before); part++) {
    const text =
      part < count ? value!.slice(cutAt(value!, part), cutAt(value!, part + 1)) : undefined
    yield [partName(part, name), text]
  }
}

/** Where a part begins. Half a character (of two surrogates) would come back as another one. */
function cutAt(value: string, part: number): number {
  const at = part * PART_CHARACTERS
  const isHalf = /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(value.slice(Math.max(at - 1, 0), at + 1))
  return isHalf ? at - 1 : at
}

/** What was read of a topic, put together, and how many parts each value has. */
export class Whole {
  #values = new Map<string, string>()
  readonly #parts = new Map<string, number>()

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.#values.delete(key)
    else this.#values.set(key, value)
  }

  *entries(): Iterable<readonly [name: string, value: string]> {
    for (const [key, value] of this.#values) {
      if (key.startsWith('p:')) continue
      const count = value.startsWith(HEAD) ? Number(value.slice(1)) : 0
      this.#parts.set(key, count)
      yield [key, count === 0 ? value : this.#joined(key, count)]
    }
  }

  /** They are taken up, and only the names are needed from now on. */
  forgetValues(): void {
    this.#values = new Map()
  }

  /** A value is about to be kept; gives how many parts the one before has. */
  note(name: string, value: string | undefined): number {
    const before = this.#parts.get(name) ?? 0
    if (value === undefined) this.#parts.delete(name)
    else this.#parts.set(name, countOf(value))
    return before
  }

  names(): string[] {
    return [...this.#parts.keys()]
  }

  #joined(key: string, count: number): string {
    let whole = ''
    for (let part = 0; part < count; part++) whole += this.#values.get(partName(part, key)) ?? ''
    return whole
  }
}
