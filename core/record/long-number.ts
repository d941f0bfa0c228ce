/** A double holds all numbers of fewer digits; this counts the point as one. */
const LONG = 16

/**
 * True if a JSON text may hold a number that a double would change. A text that looks so, such as
 * an id in quotes, is no number; whoever asks looks closely then. With the bytes that the text was
 * read from it takes 65 ns for a reading, without them twice as long.
 */
export function mayChange(text: string, bytes?: Uint8Array): boolean {
  return ((bytes === undefined || hasLongRun(bytes)) && hasLongNumber(text)) || mayBeTiny(text)
}

/**
 * It looks at every sixteenth byte, since a long number covers one of these, and the eighth before
 * it or behind it.
 */
function hasLongRun(bytes: Uint8Array): boolean {
  const { length } = bytes
  for (let at = LONG - 1; at < length; at += LONG) {
    if (!isDigitOrPoint(bytes[at]!)) continue
    if (!isDigitOrPoint(bytes[at - 8]!) && !(at + 8 < length && isDigitOrPoint(bytes[at + 8]!)))
      continue
    let from = at
    while (from > 0 && isDigitOrPoint(bytes[from - 1]!)) from--
    while (at + 1 < length && isDigitOrPoint(bytes[at + 1]!)) at++
    if (at + 1 - from >= LONG) return true
  }
  return false
}

/** The same, and whether it is a number as a double is written. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigitOrPoint(text.charCodeAt(at))) continue
    let from = at
    while (from > 0 && isDigitOrPoint(text.charCodeAt(from - 1))) from--
    while (at + 1 < text.length && isDigitOrPoint(text.charCodeAt(at + 1))) at++
    if (at + 1 - from >= LONG && !isShortest(text, from, at + 1)) return true
  }
  return false
}

/**
 * A power of ten below -99: a double takes numbers that are close to 0 for 0. There are few signs,
 * and many letters e: the digit before it tells a power from a name such as machine-00003.
 */
function mayBeTiny(text: string): boolean {
  for (let at = text.indexOf('-'); at >= 0; at = text.indexOf('-', at + 1)) {
    if (!isPowerSign(text.charCodeAt(at - 1)) || !isDigitOrPoint(text.charCodeAt(at - 2))) continue
    if (isDigits(text, at + 1, at + 4)) return true
  }
  return false
}

function isDigits(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at++)
    if (!(text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39)) return false
  return true
}

/** What JavaScript and Python write of a double is read as the same. */
function isShortest(text: string, from: number, end: number): boolean {
  if (end - from > 24 || isPowerSign(text.charCodeAt(end))) return false
  const written = text.slice(from, end)
  return String(Number(written)) === written
}

const isPowerSign = (code: number) => code === 0x65 || code === 0x45

const isDigitOrPoint = (code: number) => (code >= 0x30 && code <= 0x39) || code === 0x2e
