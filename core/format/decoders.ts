import { bare } from './bare.ts'
import type { MakeDecode } from './decoder.ts'
import { json, jsonLines, jsonSequence } from './json.ts'
import type { Format } from './names.ts'

/** Formats that need no library. */
export const AT_HAND = {
  json,
  'json-lines': jsonLines,
  'json-sequence': jsonSequence,
  bare
} as const satisfies Partial<Record<Format, MakeDecode>>

/** The others are loaded when a node needs them, so that Node-RED starts fast. */
export const LOADED: Readonly<
  Record<Exclude<Format, keyof typeof AT_HAND>, () => Promise<MakeDecode>>
> = {
  csv: async () => (await import('./csv.ts')).csv,
  'line-protocol': async () => (await import('./line-protocol.ts')).lineProtocol,
  msgpack: async () => (await import('./msgpack.ts')).msgpack,
  cbor: async () => (await import('./cbor.ts')).cbor,
  protobuf: async () => (await import('./protobuf.ts')).protobufDecoder,
  avro: async () => (await import('./avro.ts')).avro,
  'senml-json': async () => (await import('./senml.ts')).senmlJson,
  'senml-cbor': async () => (await import('./senml.ts')).senmlCbor
}
