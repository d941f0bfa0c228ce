import type protobuf from 'protobufjs'
import { numberOf, type TypeName } from './types.ts'
import { wire } from './wire.ts'

/** A metric as an edge node or a host sends it: those with plain values. */
export interface OutgoingMetric {
  readonly name?: string
  readonly alias?: number
  readonly timestamp?: number
  /** Left out in data whose birth has told it. */
  readonly type: TypeName
  readonly tellsType: boolean
  readonly value: number | boolean | string
  readonly units?: string
}

export interface OutgoingPayload {
  readonly timestamp: number
  readonly seq?: number
  readonly metrics: readonly OutgoingMetric[]
}

/** The bytes of a payload (Sparkplug 3.0, 6.2.2). */
export function encodePayload({ timestamp, seq, metrics }: OutgoingPayload): Buffer {
  const writer = wire().Writer.create().uint32(tag(1, 0)).uint64(timestamp)
  for (const metric of metrics) {
    writer.uint32(tag(2, 2)).fork()
    writeMetric(writer, metric)
    writer.ldelim()
  }
  if (seq !== undefined) writer.uint32(tag(3, 0)).uint64(seq)
  return Buffer.from(writer.finish())
}

const tag = (field: number, wire: number) => (field << 3) | wire

function writeMetric(writer: protobuf.Writer, metric: OutgoingMetric): void {
  const { name, alias, timestamp, type, tellsType, units } = metric
  if (name !== undefined) writer.uint32(tag(1, 2)).string(name)
  if (alias !== undefined) writer.uint32(tag(2, 0)).uint64(alias)
  if (timestamp !== undefined) writer.uint32(tag(3, 0)).uint64(timestamp)
  if (tellsType) writer.uint32(tag(4, 0)).uint32(numberOf(type))
  if (units !== undefined) writeUnits(writer, units)
  writeValue(writer, metric)
}

/** One property; Sparkplug has no name for it, `engUnit` is the one that is in use. */
function writeUnits(writer: protobuf.Writer, units: string): void {
  writer.uint32(tag(9, 2)).fork()
  writer.uint32(tag(1, 2)).string('engUnit')
  writer.uint32(tag(2, 2)).fork()
  writer.uint32(tag(1, 0)).uint32(numberOf('String')).uint32(tag(8, 2)).string(units)
  writer.ldelim().ldelim()
}

function writeValue(writer: protobuf.Writer, { type, value }: OutgoingMetric): void {
  if (typeof value === 'boolean') writer.uint32(tag(14, 0)).bool(value)
  else if (typeof value === 'string') writer.uint32(tag(15, 2)).string(value)
  else if (type === 'Double') writer.uint32(tag(13, 1)).double(value)
  else if (type === 'Float') writer.uint32(tag(12, 5)).float(value)
  else if (LONG.has(type)) writer.uint32(tag(11, 0)).uint64(value)
  else writer.uint32(tag(10, 0)).uint32(value)
}

const LONG: ReadonlySet<TypeName> = new Set<TypeName>(['Int64', 'UInt32', 'UInt64', 'DateTime'])
