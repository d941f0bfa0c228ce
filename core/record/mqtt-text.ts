/** MQTT 5.0, 1.5.4: of a text, in UTF-8; a topic is one too. */
export const MAX_TEXT_BYTES = 65_535
/** Of a character of UTF-16. */
export const MAX_UTF8_BYTES = 3

/** Most texts are so short that their bytes need not be counted. */
export const isTooLong = (text: string): boolean =>
  MAX_UTF8_BYTES * text.length > MAX_TEXT_BYTES &&
  new TextEncoder().encode(text).length > MAX_TEXT_BYTES

/**
 * What MQTT 5.0, 1.5.4 forbids in a text (U+0000, halves of characters), or lets a server cut off a
 * client for (control characters such as a line break, and what Unicode never assigns).
 */
const RISKY = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u
const ALL_RISKY = new RegExp(RISKY, 'gu')

export const isRisky = (text: string): boolean => RISKY.test(text)

/** The first character that may cost the connection, such as "U+000A". */
export function riskyIn(text: string): string | undefined {
  const found = RISKY.exec(text)
  if (found === null) return undefined
  return `U+${found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

/** U+FFFD is what stands for a character that could not be kept. */
export const withoutRisky = (text: string): string => text.replace(ALL_RISKY, '\uFFFD')

/** What is wrong with a text that is told with each message, in words. */
export function mqttTextProblems(text: string): string[] {
  const risky = riskyIn(text)
  if (risky !== undefined)
    return [`has the character ${risky}, for which an MQTT server may cut the connection`]
  return isTooLong(text) ? [`is longer than ${MAX_TEXT_BYTES} bytes`] : []
}
