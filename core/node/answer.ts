/** Something that an operator asks, answered: what doctor says of one node or server. */
export interface OperatorAnswer {
  readonly question: string
  /** What it is about: a group, a table, a server. */
  readonly about: string
  readonly found: string
  /**
   * `well`; `note`, which hurts later; `unknown`, where nobody could say; `look`, which should be
   * looked at; `bad`, which keeps records from being stored.
   */
  readonly state: AnswerState
  /** What to do, where something is to be done. */
  readonly todo?: string
}

export type AnswerState = 'well' | 'note' | 'unknown' | 'look' | 'bad'

/** In the order they are answered in. */
export const QUESTIONS = {
  nodes: 'Is every node well?',
  clients: 'How many clients are connected?',
  lag: 'How far is each group behind?',
  rate: 'How many records come a second?',
  database: 'Is the database healthy?',
  table: 'Which chunks exist, and did the jobs run?',
  rejected: 'What was rejected, and why?',
  advice: 'What will hurt later?'
} as const

/** All that was asked, at one time. */
export interface Examination {
  readonly at: string
  readonly answers: readonly OperatorAnswer[]
}

/** 0 all is well, 1 somebody should look, 2 records are not stored. */
export function severity(answers: readonly OperatorAnswer[]): 0 | 1 | 2 {
  if (answers.some(({ state }) => state === 'bad')) return 2
  return answers.some(({ state }) => state === 'look') ? 1 : 0
}

/** 950 → "950 ms", 5200 → "5 s", 7_200_000 → "2 h". */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}
