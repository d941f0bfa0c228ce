import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { csvRows } from './csv-rows.ts'
import type { FileCompression, FileFormat } from './file-name.ts'
import { parquetRows } from './parquet-rows.ts'

/** One row is no longer. */
const MAX_ROW_BYTES = 64 << 20

/**
 * The rows of a file on this machine, each as the text of JSON, from the row of this number on.
 * @throws what is wrong with the file
 */
export function rowsOf(
  local: string,
  { format, compression }: { format: FileFormat; compression: FileCompression },
  from: number
): AsyncIterable<string> {
  if (format === 'parquet') return parquetRows(local, from)
  const lines = skipped(linesOf(local, compression), format === 'csv' ? 0 : from)
  return format === 'csv' ? skipped(csvRows(lines), from) : lines
}

async function* skipped(rows: AsyncIterable<string>, from: number): AsyncIterable<string> {
  let row = 0
  for await (const text of rows) if (row++ >= from) yield text
}

type Transforms = Readonly<Record<string, (() => NodeJS.ReadWriteStream) | undefined>>
/** Node.js has it since 22.15. */
const { createZstdDecompress } = zlib as unknown as Transforms

function bytesOf(local: string, compression: FileCompression): Readable {
  const file = createReadStream(local)
  if (compression === 'none') return file
  if (compression === 'zstd' && createZstdDecompress === undefined)
    throw new Error(`zstd needs Node.js 22.15 or later, and this is ${process.version}`)
  const undone = compression === 'gzip' ? zlib.createGunzip() : createZstdDecompress!()
  file.on('error', error => (undone as unknown as Readable).destroy(error))
  return file.pipe(undone) as unknown as Readable
}

async function* linesOf(local: string, compression: FileCompression): AsyncIterable<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const bytes of bytesOf(local, compression)) {
    const all = rest.length === 0 ? (bytes as Buffer) : Buffer.concat([rest, bytes as Buffer])
    let start = 0
    for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, start)) {
      if (end > start) yield all.toString('utf8', start, end).replace(/\r$/, '')
      else yield ''
      start = end + 1
    }
    rest = all.subarray(start)
    if (rest.length > MAX_ROW_BYTES) throw new Error(`a line has more than ${MAX_ROW_BYTES} bytes`)
  }
  if (rest.length > 0) yield rest.toString('utf8')
}
