import { agrees, conflictSentence } from '../../core/record/conflict.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { Wins } from '../../core/record/wins.ts'

/** Puts the fields of the topic into a record; gives why it is rejected where the two disagree. */
export type FillIn = (
  record: Record<PropertyKey, unknown>,
  fields: Readonly<Record<string, string>> | undefined
) => ParseFailure | undefined

/** What to do where the payload has a field of the topic already. */
export const FILL_IN: Readonly<Record<Wins, FillIn>> = {
  payload(record, fields) {
    for (const name in fields) if (!Object.hasOwn(record, name)) record[name] = fields[name]
    return undefined
  },
  topic(record, fields) {
    for (const name in fields) record[name] = fields[name]
    return undefined
  },
  agree(record, fields) {
    for (const name in fields) {
      const there = Object.hasOwn(record, name) ? (record[name] ?? undefined) : undefined
      if (there === undefined) record[name] = fields[name]
      else if (!agrees(there, fields[name]))
        return new ParseFailure('FIELD_CONFLICT', conflictSentence(name, there, fields[name]), name)
    }
    return undefined
  }
}
