const FIRST_BYTES = 4_096

/** Bytes that grow while they are written, used again for the next value. */
export class GrowingBytes {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  /** Where the next goes; set back, what was behind it is forgotten. */
  at = 0

  #room(bytes: number): void {
    if (this.at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.at + bytes))
    this.#bytes.copy(larger, 0, 0, this.at)
    this.#bytes = larger
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.at++] = value
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#bytes.set(value, this.at)
    this.at += value.length
  }

  /** UTF-8; gives nothing of how long it is, which stands before it. */
  text(value: string, bytes: number): void {
    this.#room(bytes)
    this.at += this.#bytes.write(value, this.at)
  }

  float(value: number): void {
    this.#room(4)
    this.at = this.#bytes.writeFloatLE(value, this.at)
  }
  double(value: number): void {
    this.#room(8)
    this.at = this.#bytes.writeDoubleLE(value, this.at)
  }

  /** A zigzag varint of 64 bits. */
  zigzag(value: number | bigint): void {
    if (typeof value === 'number' && value >= -0x4000_0000 && value < 0x4000_0000) {
      this.#room(5)
      let rest = (value << 1) ^ (value >> 31)
      for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.at++] = (rest & 0x7f) | 0x80
      this.#bytes[this.at++] = rest
      return
    }
    this.#room(10)
    const wide = BigInt(value)
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.at++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.at++] = Number(rest)
  }

  /** A copy of all that was written; what comes next begins anew, in no more room than is usual. */
  taken(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.at))
    if (this.#bytes.length > 16 * FIRST_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_BYTES)
    this.at = 0
    return taken
  }
}
