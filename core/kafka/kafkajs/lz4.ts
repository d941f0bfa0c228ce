import { Unpacked, viewOf } from './unpacked.ts'

const MAGIC = 0x184d2204
const FLAG = { contentChecksum: 4, contentSize: 8, blockChecksum: 16, dictionary: 1 } as const
/** Sizes of blocks by the three bits that stand in the frame. */
const BLOCK_BYTES = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, 4_194_304]

/**
 * What LZ4 has compressed, in its frame format.
 * Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md
 * @throws RangeError if it is no LZ4 frame
 */
export function lz4Decompress(bytes: Buffer): Buffer {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) throw new RangeError('LZ4: no frame')
  const flags = bytes[4]!
  const blockBytes = BLOCK_BYTES[(bytes[5]! >> 4) & 7]!
  let at = 7 + (flags & FLAG.contentSize ? 8 : 0) + (flags & FLAG.dictionary ? 4 : 0)
  const out = new Unpacked(Buffer.allocUnsafe(Math.max(blockBytes, bytes.length * 4)))
  let end = 0
  for (;;) {
    const head = bytes.readUInt32LE(at)
    at += 4
    if (head === 0) break
    const size = head & 0x7fffffff
    if (end + blockBytes > out.bytes.length)
      out.grow(Math.max(out.bytes.length * 2, end + blockBytes), end)
    const block = bytes.subarray(at, at + size)
    if (head > 0x7fffffff) end += block.copy(out.bytes, end)
    else end = decompressBlock(block, out, end)
    at += size + (flags & FLAG.blockChecksum ? 4 : 0)
  }
  return out.bytes.subarray(0, end)
}

/**
 * Matches may reach back into earlier blocks, so all are unpacked into one buffer. Gives the new
 * end.
 */
function decompressBlock(block: Buffer, out: Unpacked, start: number): number {
  const { length } = block
  const view = viewOf(block)
  let at = 0
  let end = start
  while (at < length) {
    const token = block[at++]!
    let literals = token >> 4
    if (literals === LONG) {
      literals = longer(block, at)
      at = lengthEnd
    }
    if (literals > 0) out.copy(block, view, at, end, literals)
    at += literals
    end += literals
    if (at >= length) break
    const offset = block[at]! | (block[at + 1]! << 8)
    at += 2
    let size = token & LONG
    if (size === LONG) {
      size = longer(block, at)
      at = lengthEnd
    }
    out.repeat(end, offset, size + SHORTEST_MATCH)
    end += size + SHORTEST_MATCH
  }
  return end
}

/** A length that does not fit its four bits goes on in bytes behind them. */
const LONG = 15
const SHORTEST_MATCH = 4
/** Behind the length that was read last. */
let lengthEnd = 0

function longer(block: Buffer, from: number): number {
  let length = LONG
  let at = from
  let byte: number
  do {
    byte = block[at++] ?? 0
    length += byte
  } while (byte === 255)
  lengthEnd = at
  return length
}
