/**
 * What the runtime writes of values that JSON has no form for (core/node/samples/written.ts), as a
 * person reads them: digits of a long integer, text of bytes.
 */

const TAGS = ['$bytes', '$bigint', '$decimal', '$number', '$date', '$kafka', '$object'] as const
type Tag = (typeof TAGS)[number]

/** The tag of a written value that is one, and what stands in it. */
export function taggedIn(value: unknown): readonly [Tag, unknown] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const [only, more] = Object.entries(value)
  return only !== undefined && more === undefined && isTag(only[0]) ? [only[0], only[1]] : undefined
}

const isTag = (name: string): name is Tag => (TAGS as readonly string[]).includes(name)

const [OPEN, CLOSE] = ['\u2E22', '\u2E25']

/** A written value as JSON, with lines and indents where wanted. */
export function jsonOf(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, (_key, each: unknown) => plain(each), indent) ?? ''
  return text.replace(new RegExp(`"${OPEN}([^"]*)${CLOSE}"`, 'g'), '$1')
}

/** True for what stands on one line: no object or list by itself. */
export const isLeaf = (value: unknown): boolean => {
  const tagged = taggedIn(value)
  if (tagged !== undefined) return !['$kafka', '$object'].includes(tagged[0])
  return typeof value !== 'object' || value === null
}

/** Behind the tags that only say what an object is. */
export const bare = (value: unknown): unknown => {
  const tagged = taggedIn(value)
  return tagged !== undefined && !isLeaf(value) ? tagged[1] : value
}

function plain(value: unknown): unknown {
  const tagged = taggedIn(value)
  if (tagged === undefined) return value
  const [tag, inside] = tagged
  if (['$bigint', '$decimal', '$number'].includes(tag)) return `${OPEN}${String(inside)}${CLOSE}`
  if (tag === '$bytes') return textOfBytes(String(inside))
  return inside
}

/** Their text where they are one, else hexadecimal. */
export function textOfBytes(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(' ')
  }
}

export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE)
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return btoa(text)
}

/** So many arguments a call takes in every browser. */
const PIECE = 8_192
