/**
 * What counts where a record has a field that its topic, or something else beside it, says too: in
 * the same words wherever it is asked.
 */
export const WINS = {
  payload: 'keep it',
  topic: 'replace it',
  agree: 'reject if it differs'
} as const

export type Wins = keyof typeof WINS

/** The same for two that have names, such as the topic and the payload. */
export const winsOf = <A extends string, B extends string>(one: A, other: B) =>
  ({
    payload: `the ${other} counts`,
    topic: `the ${one} counts`,
    agree: 'the record is rejected'
  }) as const
