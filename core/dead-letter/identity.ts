import { createHash } from 'node:crypto'
import { HEADER, NOTE } from './headers.ts'

type Part = Buffer | string | null | undefined
/** As they are written, and as kafkajs gives them: a list where a name stands several times. */
type AnyHeaders = Readonly<Record<string, Part | readonly Part[]>>

/**
 * What Millrace notes of a record may differ where the record is the same. How often it was
 * replayed tells two rejections apart, and the digest two records of which only the same beginning
 * is left.
 */
const TELLING = new Set<string>([HEADER.replays, HEADER.truncatedDigest])

/** What two records have in common that are the same: key, value and headers, in 22 characters. */
export function identityOf(key: Part, value: Part, headers: AnyHeaders = {}): string {
  const hash = createHash('sha256')
  const add = (part: Part) => {
    if (part === null || part === undefined) return hash.update('-')
    return hash.update(`${Buffer.byteLength(part)}:`).update(part)
  }
  add(key)
  add(value)
  for (const name of Object.keys(headers).sort()) {
    if (name.startsWith(NOTE) && !TELLING.has(name)) continue
    const text = headers[name]
    add(name)
    for (const part of Array.isArray(text) ? (text as readonly Part[]) : [text as Part]) add(part)
  }
  return hash.digest('base64').slice(0, 22)
}
