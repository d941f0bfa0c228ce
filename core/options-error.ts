/**
 * What is wrong with the setting of a field, in words, where it takes more than that setting to
 * tell.
 */
export type Problem = readonly [field: string, problem: string]

/** The settings of a node are wrong: told at deploy, all at once. */
export class OptionsError extends Error {
  readonly code = 'OPTIONS_INVALID'
  constructor(
    label: string,
    readonly problems: readonly string[]
  ) {
    super(`${label}: ${problems.join('; ')}`)
    this.name = 'OptionsError'
  }

  /** What is wrong between several fields, by the labels that a person knows. */
  static between(
    spec: { label: string; fields: Readonly<Record<string, { label: string }>> },
    problems: readonly Problem[]
  ): OptionsError {
    return new OptionsError(
      spec.label,
      problems.map(([field, problem]) => `${spec.fields[field]?.label ?? field}: ${problem}`)
    )
  }
}
