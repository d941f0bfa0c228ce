import { decompressed } from '../../core/format/decompress.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { CONTENT_TYPES } from '../../core/upload/content-readers.ts'
import { HttpRefusal } from './refusal.ts'

const ENCODINGS = ['identity', 'gzip', 'x-gzip', 'deflate', 'zstd']

/** Its Content-Type is none of those that are taken. */
export function notTaken(contentType: string | undefined): HttpRefusal {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  return new HttpRefusal(
    415,
    `Content-Type ${type.slice(0, 100)} is not taken. Taken are: ${CONTENT_TYPES.join(', ')}.`
  )
}

/** The body as it was before its sender compressed it. */
export function undone(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number
): Buffer | HttpRefusal {
  const name = (encoding ?? 'identity').trim().toLowerCase()
  if (!ENCODINGS.includes(name))
    return new HttpRefusal(415, `Content-Encoding ${name.slice(0, 100)} is not taken.`, {
      'Accept-Encoding': 'gzip, deflate, zstd'
    })
  const found = decompressed(body, maxBytes)
  if (!(found instanceof ParseFailure)) return found
  return found.code === 'COMPRESSION_LIMIT'
    ? new HttpRefusal(413, found.message)
    : new HttpRefusal(400, found.message)
}
