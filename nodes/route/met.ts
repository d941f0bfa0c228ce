/** Which rules no record has met yet, of how many that came. */
export class Met {
  records = 0
  readonly #rules: boolean[]
  #left: number

  constructor(rules: number) {
    this.#rules = Array.from({ length: rules }, () => false)
    this.#left = rules
  }

  rule(index: number): void {
    if (this.#rules[index]) return
    this.#rules[index] = true
    this.#left--
  }

  /** "rule 2 never met in 41,000"; undefined once every rule was met. */
  get text(): string | undefined {
    if (this.#left === 0 || this.records === 0) return undefined
    const never = this.#rules.flatMap((met, index) => (met ? [] : index + 1))
    const which =
      never.length <= 2
        ? `${never.length === 1 ? 'rule' : 'rules'} ${never.join(', ')}`
        : `${never.length} rules`
    return `${which} never met in ${this.records.toLocaleString('en-US')}`
  }
}
