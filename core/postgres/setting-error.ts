import { MillraceError } from '../errors.ts'

/**
 * A setting of the node or the database must be corrected by a person before anything can be
 * stored.
 */
export class SettingError extends MillraceError {
  /** `words`: what is wrong, in the few that fit below a node. */
  constructor(
    readonly problems: readonly string[],
    readonly words: string
  ) {
    super('DATABASE_SETTING', problems.join(' '))
  }
}
