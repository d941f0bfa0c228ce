/** RFC 8878, section 3.1.1.1.2: decoders should support windows of at least so many bytes. */
const COMMON_WINDOW = 8_388_608
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const DICTIONARY_BYTES = [0, 1, 2, 4]

/**
 * Walks over a zstd frame without undoing it (RFC 8878, section 3.1.1). A frame says how much
 * memory it needs, which a decoder makes room for before it has seen a block; several frames would
 * do so again and again.
 * @returns why it is not to be undone: `large`, or a sentence's end; undefined if it may be
 */
export function zstdProblem(bytes: Buffer, limit: number): 'large' | string | undefined {
  const descriptor = bytes[4]!
  const isSingle = (descriptor & 0x20) !== 0
  const dictionary = DICTIONARY_BYTES[descriptor & 3]!
  const flag = descriptor >> 6
  const sizeBytes = flag === 0 && isSingle ? 1 : CONTENT_SIZE_BYTES[flag]!
  const sizeAt = 5 + (isSingle ? 0 : 1) + dictionary
  let at = sizeAt + sizeBytes
  if (at > bytes.length) return 'it is cut off'
  if (dictionary > 0 && bytes.readUIntLE(sizeAt - dictionary, dictionary) !== 0)
    return 'it needs a dictionary'
  const window = isSingle ? sizeOf(bytes, sizeAt, sizeBytes) : windowOf(bytes[5]!)
  if (window > Math.max(limit, COMMON_WINDOW)) return 'large'
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.length) return 'it is cut off'
    const header = bytes.readUIntLE(at, 3)
    isLast = (header & 1) === 1
    const kind = (header >> 1) & 3
    if (kind === 3) return 'it has a block of no known kind'
    at += 3 + (kind === 1 ? 1 : header >> 3)
  }
  const end = at + ((descriptor & 4) !== 0 ? 4 : 0)
  if (end > bytes.length) return 'it is cut off'
  return end < bytes.length ? 'something stands behind its first frame' : undefined
}

function sizeOf(bytes: Buffer, at: number, length: number): number {
  if (length === 8) return Number(bytes.readBigUInt64LE(at))
  const size = bytes.readUIntLE(at, length)
  return length === 2 ? size + 256 : size
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
