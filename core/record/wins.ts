/**
 * What counts where a record has a field that its topic, or something else beside it, says too: in
 * the same words wherever it is asked.
 */
export const WINS = {
  payload: 'only where missing',
  topic: 'in any case',
  agree: 'must agree'
} as const

export type Wins = keyof typeof WINS
