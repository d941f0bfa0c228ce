import { Unpacked, viewOf } from './unpacked.ts'

/**
 * How Java's clients frame Snappy: this magic, two versions, then blocks that begin with their
 * length.
 */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

/**
 * What Snappy has compressed, framed as Java's clients do it or bare as librdkafka does.
 * Source of the format: https://github.com/google/snappy/blob/main/format_description.txt
 * @throws RangeError if it is no Snappy
 */
export function snappyDecompress(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return decompressBlock(bytes)
  const blocks: Buffer[] = []
  let at = XERIAL_HEADER_BYTES
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at)
    blocks.push(decompressBlock(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

function decompressBlock(bytes: Buffer): Buffer {
  const [length, start] = preamble(bytes)
  const out = new Unpacked(Buffer.allocUnsafe(length))
  const view = viewOf(bytes)
  let at = start
  let end = 0
  while (at < bytes.length) {
    const tag = bytes[at++]!
    const kind = tag & 3
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59)
      const size = (extra === 0 ? tag >> 2 : bytes.readUIntLE(at, extra)) + 1
      at += extra
      out.copy(bytes, view, at, end, size)
      at += size
      end += size
    } else if (kind === 1) {
      const size = ((tag >> 2) & 7) + 4
      out.repeat(end, ((tag >> 5) << 8) | bytes[at++]!, size)
      end += size
    } else {
      const size = (tag >> 2) + 1
      const offset = kind === 2 ? bytes[at]! | (bytes[at + 1]! << 8) : bytes.readUInt32LE(at)
      at += kind === 2 ? 2 : 4
      out.repeat(end, offset, size)
      end += size
    }
  }
  if (end !== length) throw new RangeError(`Snappy: ${end} bytes in place of ${length}`)
  return out.bytes
}

function preamble(bytes: Buffer): [length: number, start: number] {
  let length = 0
  let factor = 1
  for (let at = 0; at < 5 && at < bytes.length; at++) {
    length += (bytes[at]! & 127) * factor
    factor *= 128
    if (bytes[at]! < 128) return [length, at + 1]
  }
  throw new RangeError('Snappy: no length')
}
