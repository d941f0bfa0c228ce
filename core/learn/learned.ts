/** A message to learn from: its records, or bytes and texts where nobody has decoded them yet. */
export interface Observed {
  readonly topic: string
  readonly payload: unknown
}

/** Something that the messages show, and the fields of the dialog that follow from it. */
export interface Finding {
  /** As a person reads it: "The time is in Time, as ISO 8601 without a zone". */
  readonly says: string
  /** In how many of them it is so: "12 of 12 records". */
  readonly evidence: string
  /** Values by the names of fields; none where it is only to be known. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** What the messages do not show, and a person must say. Never guessed. */
export interface Question {
  readonly name: string
  readonly asks: string
  /** The answer as it stands; empty while there is none. */
  readonly answer: string
  /** Value → what the person reads; a zone is chosen among all that there are. */
  readonly choices: Readonly<Record<string, string>> | 'zones'
}

/** What is proposed. Nothing of it is in a dialog until a person takes it over. */
export interface Learned {
  readonly findings: readonly Finding[]
  readonly questions: readonly Question[]
  /** What a person may want to read besides, such as the statements that would be run. */
  readonly text?: string
  /** False where records are already as this node would make them. */
  readonly isNeeded?: boolean
}

export type Answers = Readonly<Record<string, string>>

/**
 * Proposes the settings of a node. Pure, and of bounded time and memory whatever the messages hold.
 * @param values the fields as they stand in the dialog
 * @param answers to the questions, by name; what is not answered yet is absent
 */
export type Learn = (
  observed: readonly Observed[],
  values: Readonly<Record<string, unknown>>,
  answers: Answers
) => Learned | Promise<Learned>

/** "12 of 14 records". */
export const share = (count: number, all: number, what = 'records'): string =>
  `${count} of ${all} ${what}`

/** The answer to a question if it is one of its choices; else the one that stands, maybe none. */
export function answerTo(
  answers: Answers,
  name: string,
  choices: Readonly<Record<string, string>>,
  otherwise = ''
): string {
  const given = Object.hasOwn(answers, name) ? answers[name]! : ''
  return Object.hasOwn(choices, given) ? given : otherwise
}
