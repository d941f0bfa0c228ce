/**
 * What rhea makes of a map or list has lost something: an integer beyond 2^53 looks like bytes, a
 * key that stands twice is there once, a time beyond those of JavaScript is none. So the JSON of
 * such a body is written from the bytes of the message, and what JSON cannot tell is refused.
 */

/** A value that has no JSON. */
export class NoForm extends Error {}

/** Sections of a body, AMQP 1.0, 3.2. */
const SEQUENCE = 0x76
const VALUE = 0x77
const SECTIONS: Readonly<Record<string, number>> = {
  'amqp:amqp-sequence:list': SEQUENCE,
  'amqp:value:*': VALUE
}
const MAX_DEPTH = 100
/** Of what stands behind the code, by its first digit, AMQP 1.0, 1.6. */
const WIDTHS = [0, 1, 2, 4, 8, 16]
const FIRST_WIDTH = 4

type Read = (reader: ValueReader, depth: number) => string

/** How values are read, by their codes. */
const READ: Readonly<Record<number, Read>> = {
  64: () => 'null',
  65: () => 'true',
  66: () => 'false',
  67: () => '0',
  68: () => '0',
  69: () => '[]',
  80: reader => `${reader.take(1).readUInt8()}`,
  81: reader => `${reader.take(1).readInt8()}`,
  82: reader => `${reader.take(1).readUInt8()}`,
  83: reader => `${reader.take(1).readUInt8()}`,
  84: reader => `${reader.take(1).readInt8()}`,
  85: reader => `${reader.take(1).readInt8()}`,
  86: reader => `${reader.take(1).readUInt8() !== 0}`,
  96: reader => `${reader.take(2).readUInt16BE()}`,
  97: reader => `${reader.take(2).readInt16BE()}`,
  112: reader => `${reader.take(4).readUInt32BE()}`,
  113: reader => `${reader.take(4).readInt32BE()}`,
  // NaN and Infinity are written as such: the format says what becomes of them.
  114: reader => `${reader.take(4).readFloatBE()}`,
  115: reader => `${reader.take(4).readUInt32BE()}`,
  128: reader => `${reader.take(8).readBigUInt64BE()}`,
  129: reader => `${reader.take(8).readBigInt64BE()}`,
  130: reader => `${reader.take(8).readDoubleBE()}`,
  131: reader => time(reader.take(8).readBigInt64BE()),
  152: reader => `"${uuid(reader.take(16).toString('hex'))}"`,
  160: reader => `"${reader.sized(1).toString('base64')}"`,
  161: reader => text(reader.sized(1)),
  163: reader => text(reader.sized(1)),
  176: reader => `"${reader.sized(4).toString('base64')}"`,
  177: reader => text(reader.sized(4)),
  179: reader => text(reader.sized(4)),
  192: (reader, depth) => reader.list(1, depth),
  193: (reader, depth) => reader.map(1, depth),
  208: (reader, depth) => reader.list(4, depth),
  209: (reader, depth) => reader.map(4, depth),
  224: (reader, depth) => reader.array(1, depth),
  240: (reader, depth) => reader.array(4, depth)
}

/** Bytes and texts, whose body is what they hold. */
const PLAIN: Readonly<Record<number, number>> = { 160: 1, 161: 1, 176: 4, 177: 4 }

/** Milliseconds where no date of JavaScript's is as late or as early. */
function time(ms: bigint): string {
  const date = new Date(Number(ms))
  return Number.isNaN(date.getTime()) ? `${ms}` : `"${date.toISOString()}"`
}

const uuid = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

function text(bytes: Buffer): string {
  const found = bytes.toString()
  if (found.includes('\uFFFD') && !Buffer.from(found).equals(bytes))
    throw new NoForm('The body has a text that is not UTF-8.')
  return JSON.stringify(found)
}

/** Reads one message from its beginning. */
class ValueReader {
  #at = 0
  constructor(private readonly bytes: Buffer) {}

  get #left(): number {
    return this.bytes.length - this.#at
  }

  take(count: number): Buffer {
    if (count > this.#left) throw new NoForm('The body ends before its time.')
    this.#at += count
    return this.bytes.subarray(this.#at - count, this.#at)
  }

  /** Behind its length, of this width. */
  sized(width: number): Buffer {
    return this.take(this.#number(width))
  }

  /** The body: that of a value, or all sequences. */
  body(): Buffer {
    const lists: string[] = []
    while (this.#left > 0) {
      const section = this.#section()
      if (section === VALUE) return this.#plain() ?? Buffer.from(this.#value(0))
      if (section === SEQUENCE) lists.push(this.#value(0))
      else this.#skip()
    }
    if (lists.length === 0) throw new NoForm('The body is of no form that is known.')
    return Buffer.from(lists.length === 1 ? lists[0]! : `[${lists.join()}]`)
  }

  list(width: number, depth: number): string {
    return `[${this.#items(width, depth).join()}]`
  }

  map(width: number, depth: number): string {
    const items = this.#items(width, depth)
    if (items.length % 2 !== 0) throw new NoForm('The body has a map with a key and no value.')
    const members: string[] = []
    for (let at = 0; at < items.length; at += 2) members.push(`${key(items[at]!)}:${items[at + 1]}`)
    return `{${members.join()}}`
  }

  /** Its elements have one code together. */
  array(width: number, depth: number): string {
    const count = this.#count(width)
    const code = this.#number(1)
    const items: string[] = []
    while (items.length < count) items.push(this.#of(code, depth + 1))
    return `[${items.join()}]`
  }

  #items(width: number, depth: number): string[] {
    const count = this.#count(width)
    const items: string[] = []
    while (items.length < count) items.push(this.#value(depth + 1))
    return items
  }

  /** More elements than bytes could cost any time. */
  #count(width: number): number {
    this.#number(width)
    const count = this.#number(width)
    if (count > this.#left) throw new NoForm('The body ends before its time.')
    return count
  }

  #number(width: number): number {
    return this.take(width).readUIntBE(0, width)
  }

  #value(depth: number): string {
    return this.#of(this.#number(1), depth)
  }

  #of(code: number, depth: number): string {
    if (depth > MAX_DEPTH) throw new NoForm('The body is nested deeper than the node accepts.')
    const read = READ[code]
    if (read !== undefined) return read(this, depth)
    const what = code === 0 ? 'a described value' : 'a decimal number or another value'
    throw new NoForm(`The body has ${what} of AMQP in it, for which JSON has no form.`)
  }

  #plain(): Buffer | undefined {
    const width = PLAIN[this.bytes[this.#at] ?? 0]
    if (width === undefined) return undefined
    this.#at++
    return this.sized(width)
  }

  /** The number of the section that begins here. */
  #section(): number | undefined {
    if (this.#number(1) !== 0) throw new NoForm('The message has no sections.')
    const name = this.#value(0)
    return SECTIONS[name.slice(1, -1)] ?? Number(name)
  }

  #skip(): void {
    const code = this.#number(1)
    if (code === 0) {
      this.#skip()
      this.#skip()
      return
    }
    const kind = code >> 4
    const width = WIDTHS[kind - FIRST_WIDTH]
    if (width === undefined) this.sized(kind % 2 === 0 ? 1 : 4)
    else this.take(width)
  }
}

/** A key as JSON has it: what is no text becomes the text of it. */
function key(json: string): string {
  if (json.startsWith('"')) return json
  if (json.startsWith('[') || json.startsWith('{'))
    throw new NoForm('The body has a map with a map or list as a key, for which JSON has no form.')
  return `"${json}"`
}

/**
 * The bytes of a body that is a value of AMQP's own: a text or bytes as they are, else its JSON.
 * @param message as it came
 * @throws NoForm for what JSON cannot tell
 */
export const valueBytes = (message: Buffer): Buffer => new ValueReader(message).body()
