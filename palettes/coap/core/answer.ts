import type { Option } from 'coap-packet'

/** RFC 7252, 12.1.2; the codes of answers that a node gives. */
export const CODES = {
  changed: '2.04',
  continues: '2.31',
  badRequest: '4.00',
  unauthorized: '4.01',
  badOption: '4.02',
  notFound: '4.04',
  notAllowed: '4.05',
  incomplete: '4.08',
  tooLarge: '4.13',
  notTaken: '4.15',
  failed: '5.00',
  busy: '5.03',
  noProxy: '5.05'
} as const

/** What a sender is told. */
export interface CoapAnswer {
  readonly code: string
  readonly options?: readonly Option[]
  /** For a person, RFC 7252, 5.5.2; cut where the answer may not be so long. */
  readonly text?: string
}

/** When a sender may try again, in seconds. */
const RETRY_AFTER_S = 1

/** Big-endian, without zeros before it: RFC 7252, 3.2. */
export function uint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from(bytes)
}

/** There is no room at the moment. */
export const busy = (text: string): CoapAnswer => ({
  code: CODES.busy,
  options: [{ name: 'Max-Age', value: uint(RETRY_AFTER_S) }],
  text
})

/** @param most bytes that a body may have */
export const tooLarge = (most: number): CoapAnswer => ({
  code: CODES.tooLarge,
  options: [{ name: 'Size1', value: uint(most) }],
  text: `The body is larger than ${most} bytes.`
})

/** As much of a text as fits, in whole characters. */
export function fitting(text: string, mostBytes: number): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length <= mostBytes) return bytes
  let end = Math.max(0, mostBytes)
  // What continues a character of UTF-8.
  while (end > 0 && (bytes[end]! & 0b1100_0000) === 0b1000_0000) end--
  return bytes.subarray(0, end)
}
