import { gunzipSync, inflateSync } from 'node:zlib'
import { Decompress as ZstdDecompress } from 'fzstd'
import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { zstdProblem } from './zstd-frame.ts'

/**
 * What is compressed more than so is no reading, but made to fill memory. The best that telemetry
 * reaches is about 50.
 */
const MAX_RATIO = 200
/** Below this the ratio says nothing: a kilobyte of equal bytes is 20 in gzip. */
const FREE_BYTES = 65_536

/**
 * Undoes gzip, zlib and zstd where the first bytes say so, up to a limit of bytes; other bytes are
 * given as they are.
 */
export function decompressed(bytes: Buffer, maxBytes: number): Buffer | ParseFailure {
  const kind = compressionOf(bytes)
  if (kind === undefined) return bytes
  const limit = Math.min(maxBytes, Math.max(FREE_BYTES, bytes.length * MAX_RATIO))
  try {
    if (kind === 'zstd') return unzstd(bytes, limit)
    return (kind === 'gzip' ? gunzipSync : inflateSync)(bytes, { maxOutputLength: limit })
  } catch (error) {
    if (error instanceof TooLarge || (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      const why = `at most ${limit} bytes are accepted for the ${bytes.length} that came`
      return new ParseFailure(
        'COMPRESSION_LIMIT',
        `The payload is ${kind}, and becomes too large when it is undone: ${why}.`
      )
    }
    // Two bytes are little to tell zlib by: text can begin so.
    if (kind === 'zlib') return bytes
    return new ParseFailure(
      'COMPRESSION_INVALID',
      `The payload is ${kind}, but cannot be undone: ${reasonOf(error)}.`
    )
  }
}

/** Whether the first bytes say that it is compressed. */
export const isCompressed = (bytes: Buffer): boolean => compressionOf(bytes) !== undefined

/** RFC 1952, RFC 1950 (a header whose two bytes are a multiple of 31) and RFC 8878. */
export function compressionOf(bytes: Buffer): 'gzip' | 'zlib' | 'zstd' | undefined {
  if (bytes.length < 6) return undefined
  const first = bytes[0]!
  if (first === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return 'gzip'
  if (first === 0x28 && bytes.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
  return first === 0x78 && bytes.readUInt16BE(0) % 31 === 0 ? 'zlib' : undefined
}

class TooLarge extends Error {}

/** Node has zstd from 22.15 on; this decoder gives block by block, so that it can be stopped. */
function unzstd(bytes: Buffer, limit: number): Buffer {
  const problem = zstdProblem(bytes, limit)
  if (problem === 'large') throw new TooLarge()
  if (problem !== undefined) throw new Error(problem)
  const chunks: Uint8Array[] = []
  let total = 0
  const stream = new ZstdDecompress(chunk => {
    total += chunk.length
    if (total > limit) throw new TooLarge()
    chunks.push(chunk)
  })
  stream.push(bytes, true)
  return Buffer.concat(chunks)
}
