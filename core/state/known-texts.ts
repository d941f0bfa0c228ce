/** So many are kept; then it begins anew. */
const MAX_KNOWN = 50_000

/**
 * Keys made of one text or two that come again and again, such as device and metric. Made anew for
 * each record, they would cost more than all else that is done to find what belongs to them.
 */
export class KnownTexts {
  /** By the second first, of which there are few: by the metric, then by the device. */
  #bySecond = new Map<string, Map<string, string>>()
  #known = 0
  /** Records in a row have mostly the same: compared, it need not be looked up. */
  #second: string | undefined
  #byFirst: Map<string, string> | undefined

  /** What was made of these; undefined if it is not known (any more). */
  find(first: string, second = ''): string | undefined {
    if (second !== this.#second) {
      this.#second = second
      this.#byFirst = this.#bySecond.get(second)
    }
    return this.#byFirst?.get(first)
  }

  add(made: string, first: string, second = ''): string {
    if (this.#known >= MAX_KNOWN) {
      this.#bySecond = new Map()
      this.#known = 0
    }
    this.#known++
    this.#second = undefined
    let byFirst = this.#bySecond.get(second)
    if (byFirst === undefined) {
      byFirst = new Map()
      this.#bySecond.set(second, byFirst)
    }
    byFirst.set(first, made)
    return made
  }
}
