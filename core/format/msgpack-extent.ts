import { isUtf8 } from 'node:buffer'
import { MAX_DEPTH } from '../record/parse-record.ts'
import { ELEMENTS_A_FIELD } from '../record/width.ts'
import type { Container } from './long-binary.ts'

/**
 * Bytes that follow a first byte from 0xc0 on: of the value itself, or of the length that is
 * written there.
 */
const FIXED: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
  212: 2,
  213: 3,
  214: 5,
  215: 9,
  216: 17
}
/** First byte → bytes of the length, and what follows besides as many bytes as that says. */
const SIZED: Readonly<Record<number, readonly [lengthBytes: number, more: number]>> = {
  196: [1, 0],
  197: [2, 0],
  198: [4, 0],
  199: [1, 1],
  200: [2, 1],
  201: [4, 1],
  217: [1, 0],
  218: [2, 0],
  219: [4, 0]
}
/** First byte → bytes of the number of elements, and values an element. */
const CONTAINERS: Readonly<Record<number, readonly [lengthBytes: number, each: number]>> = {
  220: [2, 1],
  221: [4, 1],
  222: [2, 2],
  223: [4, 2]
}

/** What a value holds at all its levels. */
export interface HeldCount {
  /** Members of its maps. */
  members: number
  /** Elements of lists that it may still have; a field is as much as ten. */
  left: number
}

/**
 * Walks over the MessagePack value that begins here without making anything: the place behind it,
 * or undefined if that is beyond the limit. Each element takes at least a byte, so lists can be
 * refused that claim more elements than bytes are left. @throws Error that says why it is no value
 * @param count where what it holds is counted; undefined is given too where that is too much
 */
export function endOfMsgpack(
  bytes: Buffer,
  start: number,
  limit: number,
  count?: HeldCount
): number | undefined {
  let at = start
  let wanted = 1
  const open: number[] = []
  while (wanted > 0) {
    if (at + wanted > bytes.length) throw new Error('it is cut off')
    if (at > limit) return undefined
    const [size, elements] = headOf(bytes, at)
    if (size === 0) throw new Error(`0x${bytes[at]!.toString(16)} is no value`)
    at += size
    wanted += elements - 1
    if (at + (elements > 0 ? wanted : 0) > bytes.length) throw new Error('it is cut off')
    if (!isText(bytes, at - size, at)) throw new Error('a text in it is not valid UTF-8')
    if (elements > 0) {
      if (count !== undefined && !isCounted(count, isMap(bytes[at - size]!), elements))
        return undefined
      open.push(elements)
      if (open.length > MAX_DEPTH + 1)
        throw new Error(`it is nested more than ${MAX_DEPTH} levels deep`)
      continue
    }
    while (open.length > 0 && --open[open.length - 1]! === 0) open.pop()
  }
  return at
}

function isCounted(count: HeldCount, isOfMap: boolean, values: number): boolean {
  if (isOfMap) count.members += values / 2
  count.left -= isOfMap ? (values / 2) * ELEMENTS_A_FIELD : values
  return count.left >= 0
}

const isMap = (first: number) => (first & 0xf0) === 0x80 || first === 222 || first === 223
const isList = (first: number) => (first & 0xf0) === 0x90 || first === 220 || first === 221

/** The list or map that begins here. */
export function msgpackContainerAt(bytes: Buffer, at: number): Container | undefined {
  const first = bytes[at]!
  if (!isMap(first) && !isList(first)) return undefined
  const [size, values] = headOf(bytes, at)
  const body = at + size
  if (body + values > bytes.length) throw new Error('it is cut off')
  return { isMap: isMap(first), body, members: isMap(first) ? values / 2 : values }
}

/** Of a text whether it is UTF-8; the library takes other bytes for other characters. */
function isText(bytes: Buffer, from: number, end: number): boolean {
  const first = bytes[from]!
  const isShort = first >= 0xa0 && first < 0xc0
  if (!isShort && (first < 217 || first > 219)) return true
  const start = from + (isShort ? 1 : 1 + SIZED[first]![0])
  for (let at = start; at < end; at++)
    if (bytes[at]! > 0x7f) return isUtf8(bytes.subarray(start, end))
  return true
}

/**
 * Bytes of a value without its elements, 0 where none begins so; and how many values it is made of.
 */
function headOf(bytes: Buffer, at: number): readonly [size: number, elements: number] {
  const first = bytes[at]!
  if (first < 0x80 || first >= 0xe0) return [1, 0]
  if (first < 0x90) return [1, (first & 15) * 2]
  if (first < 0xa0) return [1, first & 15]
  if (first < 0xc0) return [1 + (first & 31), 0]
  const fixed = FIXED[first]
  if (fixed !== undefined) return [1 + fixed, 0]
  const [lengthBytes, more] = SIZED[first] ?? CONTAINERS[first] ?? [0, 0]
  if (lengthBytes === 0) return [0, 0]
  if (at + 1 + lengthBytes > bytes.length) return [bytes.length + 1, 0]
  const length = bytes.readUIntBE(at + 1, lengthBytes)
  return SIZED[first] ? [1 + lengthBytes + more + length, 0] : [1 + lengthBytes, length * more]
}
