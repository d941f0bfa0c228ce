import { agrees, conflictSentence } from './conflict.ts'
import { ParseFailure } from './parse-failure.ts'
import type { Wins } from './wins.ts'

/**
 * Puts the fields of a topic or path into a record; gives why it is rejected where the two
 * disagree.
 */
export type FillIn = (
  record: Record<PropertyKey, unknown>,
  fields: Readonly<Record<string, string>> | undefined
) => ParseFailure | undefined

/** What to do where the record has a field of that name already. */
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
