export const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * The place after the quote that ends the text which begins here; the end of all, or of what is to
 * be looked at, if none does.
 */
export function endOfText(text: string, start: number, limit = text.length): number {
  const end = Math.min(limit, text.length)
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return end
}

/** Between what JSON is made of. */
export const isBlank = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
