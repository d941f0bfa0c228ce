import { setImmediate as nextTurn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { deflateSync, gzipSync } from 'node:zlib'
import { encode as encodeMsgpack } from '@msgpack/msgpack'
import { encode as encodeCbor } from 'cborg'
import { FORMATS, type Format } from '../../../core/format/names.ts'
import type { Reader } from '../../../core/format/reader.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { unfitness } from '../../../core/record/parse-record.ts'
import { readerOf, readerOptions } from './reader-options.ts'

/** Hostile bytes for every decoder, the same for the same seed. */

export const AVRO_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'R',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'values', type: { type: 'array', items: ['null', 'double', 'long', 'R'] } },
    { name: 'tags', type: { type: 'map', values: 'bytes' } }
  ]
})
export const PROTO_SCHEMA = `syntax = "proto3";
message R { string id = 1; repeated double v = 2; R inner = 3; map<string, int64> m = 4; oneof x { bool b = 5; fixed64 f = 6; } }`

/** A small generator of 32-bit numbers (mulberry32), so that a failure can be seen again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const sample = { id: 'd1', values: [21.5, -3, 2 ** 40], tags: { a: 'b' }, __time: 1_708_700_000 }
const TEXTS = [
  JSON.stringify(sample),
  `${JSON.stringify(sample)}\n[1,2,{"v":12345678901234567890.5}]\n"text"`,
  'id,v\nd1,21.5\n"d ""2""",3\n',
  'm,tag=a\\ b f=1.5,i=42i,s="q\\"x",b=t 1708700000000000000\n#c\n',
  '[{"bn":"urn:dev:","bt":1.7e9,"n":"t","v":21},{"n":"h","vb":true,"t":-5}]',
  '-12.50e3'
].map(text => Buffer.from(text))

const BINARIES = [
  Buffer.from(encodeMsgpack(sample)),
  Buffer.from(encodeCbor(sample)),
  Buffer.from('04643104020000000000003540000200', 'hex'),
  Buffer.from(
    '0a0264311210000000000000354000000000000008401a040a0264322206 0a0161100528 01'.replaceAll(
      ' ',
      ''
    ),
    'hex'
  )
]
/** As long as what is read some at a time. */
const LONG = [
  Buffer.from(encodeMsgpack(Array.from({ length: 9000 }, () => sample))),
  Buffer.from(encodeCbor({ values: Array.from({ length: 9000 }, () => sample) })),
  Buffer.from(JSON.stringify({ values: Array.from({ length: 6000 }, () => sample) }))
]
const SEEDS = [...TEXTS, ...BINARIES, ...TEXTS.map(text => gzipSync(text)), deflateSync(TEXTS[0]!)]

/** What many formats begin a container or a length with. */
const BYTES = [
  0x00, 0xff, 0x7f, 0x80, 0x81, 0x9f, 0xa1, 0xbf, 0xc1, 0xdd, 0xdf, 0x5b, 0x7b, 0x22, 0x2c, 0x0a,
  0x5c
]

/**
 * One hostile input: a good one cut, changed, doubled or nested; now and then one byte many times.
 */
export function hostileBytes(random: () => number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const kind = random()
  if (kind < 0.002) return Buffer.alloc(65_536, pick(BYTES))
  if (kind < 0.004)
    return Buffer.alloc(65_536, Buffer.from([pick(BYTES), pick(BYTES), pick(BYTES)]))
  if (kind < 0.0045) {
    const long = Buffer.from(pick(LONG))
    for (let changes = Math.floor(random() * 3); changes > 0; changes--)
      long[Math.floor(random() * long.length)] = pick(BYTES)
    return random() < 0.5 ? long : long.subarray(0, Math.floor(random() * long.length))
  }
  if (kind < 0.1)
    return Buffer.from(
      Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256))
    )
  const bytes = Buffer.from(pick(SEEDS))
  for (let changes = Math.floor(random() * 4); changes > 0; changes--) {
    bytes[Math.floor(random() * bytes.length)] =
      random() < 0.5 ? pick(BYTES) : Math.floor(random() * 256)
  }
  const cut = random()
  if (cut < 0.3) return bytes.subarray(0, Math.floor(random() * (bytes.length + 1)))
  return cut < 0.35 ? Buffer.concat([bytes, pick(SEEDS)]) : bytes
}

/** A reader a format, each in several of its settings. */
export async function readersOf(): Promise<readonly (readonly [format: string, reader: Reader])[]> {
  const formats = Object.keys(FORMATS) as Format[]
  const schemas: Partial<Record<Format, string>> = { avro: AVRO_SCHEMA, protobuf: PROTO_SCHEMA }
  const readers: (readonly [string, Reader])[] = []
  readers.push([
    'avro file',
    await readerOf(readerOptions({ format: 'avro', framing: 'container' }))
  ])
  for (const format of formats) {
    const schema = schemas[format] ?? ''
    readers.push([format, await readerOf(readerOptions({ format, schema }))])
    readers.push([
      `${format}, list`,
      await readerOf(readerOptions({ format, schema, at: 'list', path: 'values', exact: true }))
    ])
    readers.push([
      `${format}, object`,
      await readerOf(readerOptions({ format, schema, at: 'object', nanAsNull: true }))
    ])
  }
  return readers
}

export interface Finding {
  readonly format: string
  readonly what: string
  readonly input: string
}

/**
 * Feeds so many inputs to every decoder in turn; gives what should not be, and the longest that one
 * kept others waiting.
 */
export async function fuzz(
  inputs: number,
  seed: number,
  limitMs = 50
): Promise<{ findings: Finding[]; slowestMs: number }> {
  const readers = await readersOf()
  const random = randomOf(seed)
  const findings: Finding[] = []
  let slowestMs = 0
  for (let count = 0; count < inputs; count++) {
    // What zlib leaves behind is given back when others have had their turn.
    if (count % 1000 === 0) await nextTurn()
    const [format, reader] = readers[count % readers.length]!
    const bytes = hostileBytes(random)
    const take = () => problemOf(reader, bytes)
    let { what, tookMs } = take()
    // The first time includes compiling and the collection of garbage; what is slow is slow again.
    for (let again = 0; again < 3 && tookMs > limitMs; again++)
      tookMs = Math.min(tookMs, take().tookMs)
    slowestMs = Math.max(slowestMs, tookMs)
    if (tookMs > limitMs) what = `took ${Math.round(tookMs)} ms`
    if (what !== undefined)
      findings.push({ format, what, input: bytes.subarray(0, 200).toString('hex') })
  }
  return { findings, slowestMs }
}

/** What should not be, and the longest that one piece took: others have their turn in between. */
function problemOf(reader: Reader, bytes: Buffer): { what: string | undefined; tookMs: number } {
  let [what, tookMs] = [undefined as string | undefined, 0]
  // Time of the processor: on a busy machine others have their turn meanwhile.
  let began = process.cpuUsage()
  try {
    for (const { values } of reader.pieces(bytes, { arrivedMs: 0 })) {
      for (const { record } of values) what ??= wrongIn(record)
      const { user, system } = process.cpuUsage(began)
      tookMs = Math.max(tookMs, (user + system) / 1000)
      began = process.cpuUsage()
    }
  } catch (error) {
    what = `threw ${(error as Error).stack}`
  }
  return { what, tookMs }
}

function wrongIn(record: unknown): string | undefined {
  const isRight =
    record instanceof ParseFailure
      ? /^[A-Z].*\.$/s.test(record.message)
      : unfitness(record) === undefined
  return isRight ? undefined : `gave ${String(JSON.stringify(record)).slice(0, 200)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' }
    }
  })
  const { findings, slowestMs } = await fuzz(Number(values.inputs), Number(values.seed))
  for (const { format, what, input } of findings.slice(0, 20))
    console.error(`${format}: ${what}\n  ${input}`)
  const megabytes = Math.round(process.memoryUsage().rss / 1e6)
  console.log(
    `${values.inputs} inputs, ${findings.length} findings, slowest ${slowestMs.toFixed(1)} ms, ${megabytes} MB at the end`
  )
  process.exitCode = findings.length > 0 ? 1 : 0
}
