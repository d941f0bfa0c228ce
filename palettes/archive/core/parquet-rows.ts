import { jsonText } from '@millrace/node-red-telemetry'
import type { FileMetaData, SchemaElement } from 'hyparquet'

/** Of which the values are in memory at a time. */
const ROWS = 5_000

type Shown = (value: unknown) => string | undefined

/** The rows of a Parquet file as texts of JSON, with all digits of their numbers. */
export async function* parquetRows(local: string, from: number): AsyncIterable<string> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import(
    'hyparquet'
  )
  const { compressors } = await import('hyparquet-compressors')
  const file = await asyncBufferFromFile(local)
  const found = await parquetMetadataAsync(file)
  const { metadata, shown } = withRawDecimals(found)
  const total = Number(metadata.num_rows)
  for (let rowStart = from; rowStart < total; rowStart += ROWS) {
    const rowEnd = Math.min(total, rowStart + ROWS)
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })
    for (const row of rows) yield textOf(row, shown)
  }
}

/** The library makes doubles of decimals: they are read as what they are stored as. */
function withRawDecimals(found: FileMetaData): {
  metadata: FileMetaData
  shown: ReadonlyMap<string, Shown>
} {
  const shown = new Map<string, Shown>()
  const schema = found.schema.map((element): SchemaElement => {
    const { converted_type, logical_type, scale = 0, ...rest } = element
    const isTime = logical_type?.type === 'TIMESTAMP' && logical_type.unit === 'MICROS'
    if (converted_type === 'DECIMAL') {
      shown.set(element.name, value => decimalText(value, scale))
      return rest
    }
    if (isTime || converted_type === 'TIMESTAMP_MICROS') {
      shown.set(element.name, value => JSON.stringify(isoOf(BigInt(value as bigint))))
      return rest
    }
    return element
  })
  return { metadata: { ...found, schema }, shown }
}

/** Empty columns are no fields, and what an archive has of other fields is put back. */
function textOf(row: Record<string, unknown>, shown: ReadonlyMap<string, Shown>): string {
  const members: string[] = []
  for (const [name, value] of Object.entries(row)) {
    if (value === null || value === undefined) continue
    const text = (shown.get(name) ?? plain)(value)
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`)
  }
  return `{${members.join(',')}}`
}

function plain(value: unknown): string | undefined {
  if (value instanceof Date) return JSON.stringify(value.toISOString())
  return jsonText(value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value)
}

function decimalText(value: unknown, scale: number): string {
  const unscaled = value instanceof Uint8Array ? bigIntOf(value) : BigInt(value as bigint)
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  if (scale === 0) return `${sign}${digits}`
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`
}

/** Big-endian, two's complement. */
function bigIntOf(bytes: Uint8Array): bigint {
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
  return BigInt.asIntN(bytes.length * 8, value)
}

function isoOf(micros: bigint): string {
  const more = ((micros % 1000n) + 1000n) % 1000n
  const text = new Date(Number((micros - more) / 1000n)).toISOString()
  return more === 0n ? text : `${text.slice(0, -1)}${String(more).padStart(3, '0')}Z`
}
