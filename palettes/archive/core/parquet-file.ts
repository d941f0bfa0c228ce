import { closeSync, openSync, readSync } from 'node:fs'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import type { Cell, Column } from './column.ts'

export type Codec = 'SNAPPY' | 'GZIP' | 'ZSTD' | 'UNCOMPRESSED'

const READ_BYTES = 2 << 20
/** Of a row group: more would hold up everything else of the process for too long. */
const GROUP_ROWS = 20_000

const turn = promisify(setImmediate)

/** Node.js has it since 22.15. */
const zstd = (zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer }).zstdCompressSync
export const hasZstd = zstd !== undefined

const elementOf = ({ name, type, precision, scale }: Column): SchemaElement => {
  const element = { name, repetition_type: 'OPTIONAL' } as const
  switch (type) {
    case 'text':
      return { ...element, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
    case 'json':
      // A text to whoever reads it: not every reader knows JSON as a type.
      return { ...element, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
    case 'double':
      return { ...element, type: 'DOUBLE' }
    case 'int64':
      return { ...element, type: 'INT64' }
    case 'boolean':
      return { ...element, type: 'BOOLEAN' }
    case 'timestamp':
      return {
        ...element,
        type: 'INT64',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' }
      }
    case 'decimal':
      return decimalElement(element, precision, scale)
  }
}

function decimalElement(
  element: { readonly name: string; readonly repetition_type: 'OPTIONAL' },
  precision: number,
  scale: number
): SchemaElement {
  const decimal = { ...element, converted_type: 'DECIMAL', precision, scale } as const
  if (precision <= 18) return { ...decimal, type: 'INT64' }
  return { ...decimal, type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16 }
}

function asWritten({ type }: Column, cell: Cell): unknown {
  if (cell === null) return null
  if (type === 'double') return Number(cell)
  return type === 'int64' || type === 'decimal' || type === 'timestamp' ? BigInt(cell) : cell
}

/**
 * Makes a Parquet file of rows, each a JSON list of cells in a line. The same rows give the same
 * bytes.
 */
export async function parquetFile(
  rows: string,
  target: string,
  columns: readonly Column[],
  codec: Codec
): Promise<void> {
  const { ParquetWriter, fileWriter } = await import('hyparquet-writer')
  const writer = new ParquetWriter({
    writer: fileWriter(target),
    schema: [{ name: 'record', num_children: columns.length }, ...columns.map(elementOf)],
    codec,
    compressors: {
      GZIP: bytes => zlib.gzipSync(bytes),
      ...(zstd === undefined ? {} : { ZSTD: bytes => zstd(bytes) })
    },
    createdBy: 'millrace'
  })
  let group: Cell[][] = []
  const write = async () => {
    const columnData = columns.map((column, index) => ({
      name: column.name,
      data: group.map(cells => asWritten(column, cells[index]!))
    }))
    group = []
    await writer.write({ columnData, rowGroupSize: GROUP_ROWS })
    await turn()
  }
  for (const part of linesOf(rows)) {
    for (const cells of part) {
      group.push(cells)
      if (group.length === GROUP_ROWS) await write()
    }
    await turn()
  }
  if (group.length > 0) await write()
  await writer.finish()
}

/** The rows of a file, some at a time; a line end stands between rows and nowhere else. */
function* linesOf(path: string): Iterable<Cell[][]> {
  const file = openSync(path, 'r')
  const bytes = Buffer.allocUnsafe(READ_BYTES)
  let rest = Buffer.alloc(0)
  try {
    for (;;) {
      const read = readSync(file, bytes, 0, READ_BYTES, null)
      if (read === 0) break
      const all = Buffer.concat([rest, bytes.subarray(0, read)])
      const end = all.lastIndexOf(10)
      rest = all.subarray(end + 1)
      if (end > 0)
        yield JSON.parse(`[${all.toString('utf8', 0, end).replaceAll('\n', ',')}]`) as Cell[][]
    }
  } finally {
    closeSync(file)
  }
}
