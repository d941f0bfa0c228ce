import type { Part, Wire } from './wire.ts'

/** A record of a batch as its producer gives it. */
export interface EncodableRecord {
  readonly key?: Part
  readonly value?: Part
  readonly headers?: Readonly<Record<string, Part | readonly Part[]>> | undefined
}

/** What a record has of numbers: six of at most 10 bytes, and its attributes. */
const NUMBER_BYTES = 61

/**
 * A record of the format v2 (https://kafka.apache.org/documentation/#record), written in one pass:
 * lengths are guessed, and what follows is moved where the guess was wrong.
 * @throws TypeError for a part that is neither text nor bytes; RangeError for a time that is none
 */
export function putRecord(
  wire: Wire,
  { key, value, headers }: EncodableRecord,
  timestampDelta: number,
  offsetDelta: number
): void {
  wire.reserve(NUMBER_BYTES)
  const start = wire.openLength()
  wire.int8(0)
  wire.varint(timestampDelta)
  wire.varint(offsetDelta)
  wire.part(key)
  wire.part(value)
  wire.reserve(NUMBER_BYTES)
  if (headers === undefined) wire.varint(0)
  else putHeaders(wire, headers)
  wire.closeLength(start)
}

type Headers = NonNullable<EncodableRecord['headers']>

function putHeaders(wire: Wire, headers: Headers): void {
  const names = Object.keys(headers)
  wire.varint(
    names.some(name => Array.isArray(headers[name])) ? countOf(names, headers) : names.length
  )
  for (const name of names) {
    const value = headers[name]
    if (isList(value)) for (const one of value) putHeader(wire, name, one)
    else putHeader(wire, name, value)
  }
}

function putHeader(wire: Wire, name: string, value: Part): void {
  wire.part(name)
  wire.part(value)
}

/** A name that stands several times is as many headers. */
function countOf(names: readonly string[], headers: Headers): number {
  let count = 0
  for (const name of names) {
    const value = headers[name]
    count += isList(value) ? value.length : 1
  }
  return count
}

const isList = (value: Part | readonly Part[]): value is readonly Part[] => Array.isArray(value)
