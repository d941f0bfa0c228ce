/**
 * Flexible requests and answers (KIP-482): lengths are variable, and parts that a version has not
 * known may stand at the end of each structure. kafkajs has them for the few that it sends.
 */
export class FlexibleWriter {
  readonly #parts: Buffer[] = [NO_TAGS]

  /** Nothing for null, which is no empty text. */
  string(text: string): this {
    const bytes = Buffer.from(text)
    return this.#varint(bytes.length + 1).#add(bytes)
  }
  bool(value: boolean): this {
    return this.#add(Buffer.of(value ? 1 : 0))
  }
  /** How many elements follow; null where all are meant. */
  length(count: number | null): this {
    return this.#varint(count === null ? 0 : count + 1)
  }
  /** Ends a structure. */
  end(): this {
    return this.#add(NO_TAGS)
  }

  /** As kafkajs sends a body: behind the head of the request, which ends with tags here. */
  get body(): { readonly buf: Buffer; readonly buffer: Buffer; size(): number } {
    const bytes = Buffer.concat(this.#parts)
    return { buf: bytes, buffer: bytes, size: () => bytes.length }
  }

  #add(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }
  #varint(value: number): this {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128)
    bytes.push(rest)
    return this.#add(Buffer.from(bytes))
  }
}

const NO_TAGS = Buffer.of(0)
const UUID_BYTES = 16

/** Reads an answer from behind its correlation id. */
export class FlexibleReader {
  #at = 0

  constructor(private readonly bytes: Buffer) {
    // Those of the head.
    this.end()
  }

  int8(): number {
    return this.bytes.readInt8(this.#take(1))
  }
  int16(): number {
    return this.bytes.readInt16BE(this.#take(2))
  }
  int32(): number {
    return this.bytes.readInt32BE(this.#take(4))
  }
  int64(): bigint {
    return this.bytes.readBigInt64BE(this.#take(8))
  }
  uuid(): void {
    this.#take(UUID_BYTES)
  }
  /** Empty for null. */
  string(): string {
    const length = Math.max(0, this.#varint() - 1)
    const from = this.#take(length)
    return this.bytes.toString('utf8', from, from + length)
  }
  array<T>(read: () => T): T[] {
    const length = this.#varint() - 1
    const found: T[] = []
    for (let index = 0; index < length; index++) found.push(read())
    return found
  }
  /** Passes over what stands at the end of a structure that is not known here. */
  end(): void {
    for (let tags = this.#varint(); tags > 0; tags--) {
      this.#varint()
      this.#take(this.#varint())
    }
  }

  #take(bytes: number): number {
    const from = this.#at
    this.#at += bytes
    return from
  }
  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.#take(1))
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
  }
}
