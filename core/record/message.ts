/** One record or an array of records in `msg.payload`; nodes answer in kind. */

export interface Message {
  payload?: unknown
  topic?: unknown
  [key: string]: unknown
}

/** The records of a payload. An array is used as it is: do not change it. */
export const recordsOf = (payload: unknown): readonly unknown[] =>
  Array.isArray(payload) ? payload : [payload]

/** How many records a payload carries. */
export const countOf = (payload: unknown): number => (Array.isArray(payload) ? payload.length : 1)

/**
 * The messages for the outputs: a copy of `message` with those records, null where there are none.
 * One record in gives one record out, an array gives arrays.
 */
export function answer(
  message: Message,
  outputs: readonly (readonly unknown[])[]
): (Message | null)[] {
  const single = !Array.isArray(message.payload)
  return outputs.map(records => {
    if (records.length === 0) return null
    return { ...message, payload: single && records.length === 1 ? records[0] : records }
  })
}
