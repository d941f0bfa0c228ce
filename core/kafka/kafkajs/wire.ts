/** Text, bytes or nothing: what keys, values and headers are. */
export type Part = Buffer | string | null | undefined

const USUAL_BYTES = 1 << 20
/** More than this is given back after a request that needed it. */
const MOST_KEPT_BYTES = 4 << 20
/** Of a number of 64 bits. */
const VARINT_BYTES = 10
/** Up to so many characters a loop is faster than a call into Node: 30 ns in place of 100. */
const SHORT = 64

/**
 * Bytes of Kafka's protocol being written, one after the other. They are used again for the next
 * request, so what is to stay is copied.
 */
export class Wire {
  bytes: Buffer = Buffer.allocUnsafeSlow(USUAL_BYTES)
  view = viewOf(this.bytes)
  at = 0

  clear(): void {
    this.at = 0
    if (this.bytes.length > MOST_KEPT_BYTES) this.#use(Buffer.allocUnsafeSlow(USUAL_BYTES))
  }

  /** Makes room for so many more bytes. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + bytes))
    this.bytes.copy(larger, 0, 0, this.at)
    this.#use(larger)
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes
    this.view = viewOf(bytes)
  }

  int8(value: number): void {
    this.bytes[this.at++] = value
  }
  int16(value: number): void {
    this.view.setInt16(this.at, value)
    this.at += 2
  }
  int32(value: number): void {
    this.view.setInt32(this.at, value)
    this.at += 4
  }
  int64(value: bigint | number): void {
    this.view.setBigInt64(this.at, BigInt(value))
    this.at += 8
  }

  /** Zigzag: small numbers of either sign take few bytes. @throws RangeError beyond 2^52 */
  varint(value: number): void {
    const { bytes } = this
    if (value >= -0x4000_0000 && value < 0x4000_0000) {
      let rest = ((value << 1) ^ (value >> 31)) >>> 0
      for (; rest >= 128; rest >>>= 7) bytes[this.at++] = (rest & 127) | 128
      bytes[this.at++] = rest
      return
    }
    let rest = zigzag(value)
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[this.at++] = (rest % 128) | 128
    bytes[this.at++] = rest
  }

  /** STRING and NULLABLE_STRING of the protocol. */
  string(text: string | null): void {
    const length = text === null ? 0 : Buffer.byteLength(text)
    this.reserve(2 + length)
    this.int16(text === null ? -1 : length)
    if (text !== null) this.at += this.bytes.write(text, this.at)
  }

  /** Its length as a varint, and the bytes. @throws TypeError for what is neither text nor bytes */
  part(part: Part): void {
    if (part === null || part === undefined) {
      this.reserve(1)
      this.varint(-1)
    } else if (typeof part === 'string') this.#text(part)
    else if (ArrayBuffer.isView(part)) this.#copy(part)
    else throw new TypeError(`A part of a record is neither text nor bytes, but a ${typeof part}`)
  }

  #copy(part: Buffer): void {
    const { length } = part
    this.reserve(VARINT_BYTES + length)
    this.varint(length)
    this.bytes.set(part, this.at)
    this.at += length
  }

  #text(text: string): void {
    const { length } = text
    this.reserve(VARINT_BYTES + length * 3)
    const start = this.at
    this.varint(length)
    if (length <= SHORT && this.#ascii(text)) return
    const begin = this.at
    const written = this.bytes.write(text, begin)
    this.at = begin + written
    if (written !== length) this.#setLength(start, begin, written)
  }

  /** Writes a short text of ASCII; false if it is none. */
  #ascii(text: string): boolean {
    const { bytes, at } = this
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code >= 128) return false
      bytes[at + index] = code
    }
    this.at += text.length
    return true
  }

  /**
   * Writes a length at `start`, of the bytes that stand from `begin` on: they are moved where it
   * takes more room than was left for it, or less.
   */
  #setLength(start: number, begin: number, length: number): void {
    const needed = sizeOf(length)
    if (start + needed !== begin) {
      this.reserve(VARINT_BYTES)
      this.bytes.copyWithin(start + needed, begin, begin + length)
    }
    this.at = start
    this.varint(length)
    this.at = start + needed + length
  }

  /** Leaves room for the length of what comes, which takes two bytes from 64 to 8191. */
  openLength(): number {
    this.reserve(2)
    const start = this.at
    this.at += 2
    return start
  }
  closeLength(start: number): void {
    this.#setLength(start, start + 2, this.at - start - 2)
  }
}

const viewOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

function zigzag(value: number): number {
  if (!Number.isSafeInteger(value * 2)) throw new RangeError(`${value} is no time or length`)
  return value < 0 ? value * -2 - 1 : value * 2
}

function sizeOf(length: number): number {
  let bytes = 1
  for (let rest = length * 2; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}
