import { createHash, timingSafeEqual } from 'node:crypto'

/** Takes the same time whatever is wrong, and however long it is. */
export function isSameSecret(given: string | undefined, wanted: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted))
}

const digest = (text: string) => createHash('sha256').update(text).digest()
