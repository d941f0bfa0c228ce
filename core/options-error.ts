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
}
