import type { Option } from 'coap-packet'
import type { Datagram } from './datagram.ts'

/** Where in a body that is sent in pieces this one stands, RFC 7959, 2.2. */
export interface Block {
  readonly number: number
  readonly more: boolean
  /** The exponent of its size; `size` is what that gives. */
  readonly exponent: number
  readonly size: number
}

/** A request, as its taker reads it. */
export interface CoapRequest {
  /** Address and port of the sender. */
  readonly peer: string
  readonly code: string
  /** Without `/` at its ends; undefined where a level holds what none can. */
  readonly path: string | undefined
  /** The parts of what is asked behind the path. */
  readonly query: readonly string[]
  /** A number of the registry of content formats; undefined where none is said. */
  readonly contentFormat: number | undefined
  /** Undefined where the body comes whole; `bad` where it says nonsense. */
  readonly block: Block | 'bad' | undefined
  /** How large the whole body will be, as its sender says. */
  readonly size: number | undefined
  /** Which of several bodies a piece is of, RFC 9175. */
  readonly tag: string
  /** In hexadecimal. */
  readonly token: string
  readonly payload: Buffer
}

export const POST = '0.02'
export const PUT = '0.03'

/** Options that a request may have, of those that one who does not know them has to refuse. */
const KNOWN_CRITICAL = new Set(['Uri-Host', 'Uri-Port', 'Uri-Path', 'Uri-Query', 'Accept'])
const BLOCKS = new Set(['Block1', 'Block2'])
const PROXY = new Set(['Proxy-Uri', 'Proxy-Scheme'])

/** By their numbers, where the coder has no name for them. */
const REQUEST_TAG = '292'
const NO_RESPONSE = 'No-Response'
/** Critical ones that the coder has a name for; those that it has none for are named by number. */
const NAMED_CRITICAL = new Set(['If-Match', 'If-None-Match', 'OSCORE', 'Q-Block1', 'Q-Block2'])

export const isProxied = ({ options }: Datagram): boolean =>
  options.some(({ name }) => PROXY.has(String(name)))

/** An option that must not be passed over and is not known, RFC 7252, 5.4.1. */
export function unknownCritical({ options }: Datagram): string | undefined {
  for (const { name } of options) {
    const text = String(name)
    if (KNOWN_CRITICAL.has(text) || BLOCKS.has(text) || PROXY.has(text)) continue
    if (NAMED_CRITICAL.has(text) || Number(text) % 2 === 1) return text
  }
  return undefined
}

/** Whether the sender wants no answer of this class, RFC 7967. */
export function isUnwanted({ options }: Datagram, code: string): boolean {
  const value = first(options, NO_RESPONSE)
  if (value === undefined) return false
  const classOfCode = Number(code[0])
  return ((uintOf(value) ?? 0) & (1 << (classOfCode - 1))) !== 0
}

export function requestOf(peer: string, { code, options, payload, token }: Datagram): CoapRequest {
  const block = first(options, 'Block1')
  const size = first(options, 'Size1')
  const format = first(options, 'Content-Format')
  return {
    peer,
    code,
    path: pathOf(options),
    query: valuesOf(options, 'Uri-Query'),
    contentFormat: format && uintOf(format),
    block: block && blockOf(block),
    size: size && uintOf(size),
    tag: first(options, REQUEST_TAG)?.toString('hex') ?? '',
    token: token.toString('hex'),
    payload
  }
}

/** The option by which a piece is answered. */
export const blockOption = ({ number, more, exponent }: Block): Option => {
  const value = number * 16 + (more ? 8 : 0) + exponent
  const bytes = value < 256 ? 1 : value < 65_536 ? 2 : 3
  const written = Buffer.alloc(bytes)
  written.writeUIntBE(value, 0, bytes)
  return { name: 'Block1', value: written }
}

const MAX_BLOCK_BYTES = 3
/** RFC 7959, 2.2: there is no size of this exponent by datagrams. */
const NO_EXPONENT = 7

function blockOf(value: Buffer): Block | 'bad' {
  const whole = value.length <= MAX_BLOCK_BYTES ? uintOf(value) : undefined
  if (whole === undefined) return 'bad'
  const exponent = whole % 8
  if (exponent === NO_EXPONENT) return 'bad'
  const more = Math.floor(whole / 8) % 2 === 1
  return { number: Math.floor(whole / 16), more, exponent, size: 16 << exponent }
}

/** Undefined for a number that has more digits than a double keeps. */
function uintOf(value: Buffer): number | undefined {
  if (value.length === 0) return 0
  return value.length <= 6 ? value.readUIntBE(0, value.length) : undefined
}

function pathOf(options: readonly Option[]): string | undefined {
  const levels = valuesOf(options, 'Uri-Path').filter(
    (level, index, all) => level !== '' || (index > 0 && index < all.length - 1)
  )
  return levels.some(level => level.includes('/')) ? undefined : levels.join('/')
}

const valuesOf = (options: readonly Option[], wanted: string): string[] =>
  options.filter(({ name }) => name === wanted).map(({ value }) => value.toString('utf8'))

const first = (options: readonly Option[], wanted: string): Buffer | undefined =>
  options.find(({ name }) => String(name) === wanted)?.value
