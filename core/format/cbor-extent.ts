import { ELEMENTS_A_FIELD } from '../record/width.ts'
import type { Container } from './long-binary.ts'

/** RFC 8949, section 3: the three bits of the major types that hold others. */
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const TAG = 6
const SIMPLE = 7

const BREAK = 0xff
const UNTIL_BREAK = 31
/** More levels than a record has, since a tag is one too. */
const MAX_OPEN = 1000

const cutOff = () => new Error('it is cut off')

/**
 * Walks over the CBOR value that begins here without making anything: the place behind it, or
 * undefined if that is beyond the limit, or it holds more fields than so. @throws Error that says
 * why it is no value
 */
export function endOfCbor(
  bytes: Buffer,
  start: number,
  limit: number,
  mostFields = Number.POSITIVE_INFINITY
): number | undefined {
  let left = mostFields * ELEMENTS_A_FIELD
  const { length } = bytes
  /** Values that each still wants; infinite up to a break. */
  const open: number[] = []
  let at = start
  do {
    if (at >= length) throw cutOff()
    if (at > limit) return undefined
    let inner = 0
    if (bytes[at] === BREAK) {
      if (open.pop() !== Number.POSITIVE_INFINITY) throw new Error('a break stands where none may')
      at++
    } else {
      const major = bytes[at]! >> 5
      const argument = argumentAt(bytes, at)
      at += sizeAt(bytes, at)
      if (argument === Number.POSITIVE_INFINITY) inner = argument
      else if (major === BYTES || major === TEXT) at += argument
      else inner = innerOf(major, argument)
      if (at > length || (inner > length - at && inner !== Number.POSITIVE_INFINITY)) throw cutOff()
      left -= shareOf(major, inner, open[open.length - 1])
      if (left < 0) return undefined
    }
    if (inner > 0) {
      if (open.push(inner) > MAX_OPEN) throw new Error('it is nested too deep')
    } else while (open.length > 0 && --open[open.length - 1]! === 0) open.pop()
  } while (open.length > 0)
  return at
}

/**
 * What it counts, in elements of a list. Of a list or map that does not say how many it has, each
 * is counted where it stands.
 */
function shareOf(major: number, inner: number, around: number | undefined): number {
  const own = around === Number.POSITIVE_INFINITY ? 1 : 0
  if (inner === Number.POSITIVE_INFINITY) return own
  if (major === MAP) return own + (inner / 2) * ELEMENTS_A_FIELD
  return major === LIST ? own + inner : own
}

function innerOf(major: number, argument: number): number {
  if (major === LIST) return argument
  if (major === MAP) return argument * 2
  return major === TAG ? 1 : 0
}

/** Bytes of the head. */
function sizeAt(bytes: Buffer, at: number): number {
  const minor = bytes[at]! & 31
  return minor < 24 || minor === UNTIL_BREAK ? 1 : 1 + (1 << (minor - 24))
}

/** What the head says: a length, a number of members; infinite where a break says the end. */
function argumentAt(bytes: Buffer, at: number): number {
  const first = bytes[at]!
  const minor = first & 31
  const major = first >> 5
  if (minor < 24) return minor
  if (minor === UNTIL_BREAK && major >= BYTES && major <= MAP) return Number.POSITIVE_INFINITY
  const size = sizeAt(bytes, at) - 1
  if (minor > 27) throw new Error(`0x${first.toString(16)} is no value`)
  if (at + 1 + size > bytes.length) throw cutOff()
  if (major === SIMPLE) return 0
  return size === 8 ? Number(bytes.readBigUInt64BE(at + 1)) : bytes.readUIntBE(at + 1, size)
}

/** The list or map that begins here, also behind tags that only say more of it. */
export function cborContainerAt(
  bytes: Buffer,
  start: number,
  isRemark: (tag: number) => boolean
): Container | undefined {
  let at = start
  for (let tags = 0; at < bytes.length && bytes[at]! >> 5 === TAG; tags++) {
    if (tags > MAX_OPEN || !isRemark(argumentAt(bytes, at))) return undefined
    at += sizeAt(bytes, at)
  }
  if (at >= bytes.length) throw cutOff()
  const major = bytes[at]! >> 5
  if (major !== LIST && major !== MAP) return undefined
  const members = argumentAt(bytes, at)
  const body = at + sizeAt(bytes, at)
  const isEndless = members === Number.POSITIVE_INFINITY
  if (!isEndless && innerOf(major, members) > bytes.length - body) throw cutOff()
  return { isMap: major === MAP, body, members }
}
