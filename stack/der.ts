/** ASN.1 in DER, as much of it as an X.509 certificate needs (ITU-T X.690). */

function encode(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...bytes]), content])
}

export const sequence = (...parts: Buffer[]): Buffer => encode(0x30, Buffer.concat(parts))
export const set = (...parts: Buffer[]): Buffer => encode(0x31, Buffer.concat(parts))
export const octets = (content: Buffer): Buffer => encode(0x04, content)
export const text = (value: string): Buffer => encode(0x0c, Buffer.from(value))
export const boolean = (value: boolean): Buffer => encode(0x01, Buffer.from([value ? 255 : 0]))

/** `[n]`: a field told by its number; constructed when it has other fields in it. */
export const tagged = (number: number, content: Buffer, constructed: boolean): Buffer =>
  encode((constructed ? 0xa0 : 0x80) | number, content)

/**
 * A positive whole number from its bytes; a leading zero keeps the highest bit from meaning minus.
 */
export function integer(bytes: Buffer): Buffer {
  return encode(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes)
}

/** Whole bytes, or with the last bits of the last byte unused. */
export const bits = (content: Buffer, unused = 0): Buffer =>
  encode(0x03, Buffer.concat([Buffer.from([unused]), content]))

/** An object identifier such as 2.5.4.3. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const group = [part & 127]
    for (let left = part >> 7; left > 0; left >>= 7) group.unshift((left & 127) | 128)
    bytes.push(...group)
  }
  return encode(0x06, Buffer.from(bytes))
}

/** UTCTime: two digits of the year, so for dates before 2050 only (RFC 5280, 4.1.2.5). */
export function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return encode(0x17, Buffer.from(`${digits}Z`))
}
