export const damaged = () => new RangeError('The compressed data is damaged')

/** Bytes are copied four at a time, and up to three too many, which are written over later. */
const WORD = 4
/** Up to so many bytes a loop is faster than a call into the engine. */
const SHORT = 128

export const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length)

/** What a block of LZ4 or Snappy is unpacked into: its texts, and repetitions of what is there. */
export class Unpacked {
  #view: DataView

  constructor(public bytes: Buffer) {
    this.#view = viewOf(bytes)
  }

  /** Makes it so large; what stands before `end` stays. */
  grow(length: number, end: number): void {
    const larger = Buffer.allocUnsafe(length)
    this.bytes.copy(larger, 0, 0, end)
    this.bytes = larger
    this.#view = viewOf(larger)
  }

  /** Writes `size` bytes of `from` at `end`. @throws RangeError where one of both has fewer */
  copy(from: Buffer, view: DataView, start: number, end: number, size: number): void {
    const { bytes } = this
    const out = this.#view
    if (end + size > bytes.length || start + size > from.length) throw damaged()
    if (size > SHORT) bytes.set(from.subarray(start, start + size), end)
    else if (end + size + WORD > bytes.length || start + size + WORD > from.length)
      for (let index = 0; index < size; index++) bytes[end + index] = from[start + index]!
    else
      for (let index = 0; index < size; index += WORD)
        out.setInt32(end + index, view.getInt32(start + index, true), true)
  }

  /**
   * Repeats at `end` the `size` bytes that stand `offset` before it; they may overlap with what is
   * written. @throws RangeError where there is nothing, or no room
   */
  repeat(end: number, offset: number, size: number): void {
    const { bytes } = this
    const view = this.#view
    const from = end - offset
    if (!(offset >= 1 && from >= 0 && end + size <= bytes.length)) throw damaged()
    if (size > SHORT && offset >= size) bytes.copyWithin(end, from, from + size)
    else if (offset < WORD || end + size + WORD > bytes.length)
      for (let index = 0; index < size; index++) bytes[end + index] = bytes[from + index]!
    else
      for (let index = 0; index < size; index += WORD)
        view.setInt32(end + index, view.getInt32(from + index, true), true)
  }
}
