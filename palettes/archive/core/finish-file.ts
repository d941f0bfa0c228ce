import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import type { Column } from './column.ts'
import type { FileCompression, FileFormat } from './file-name.ts'
import { type Codec, hasZstd, parquetFile } from './parquet-file.ts'

export type Compression = FileCompression | 'snappy'

export interface Finishing {
  readonly format: FileFormat
  readonly compression: Compression
  readonly columns: readonly Column[]
}

const CODECS: Readonly<Record<Compression, Codec>> = {
  none: 'UNCOMPRESSED',
  snappy: 'SNAPPY',
  gzip: 'GZIP',
  zstd: 'ZSTD'
}

type Transforms = Readonly<Record<string, (() => NodeJS.ReadWriteStream) | undefined>>
/** Node.js has it since 22.15. */
const { createZstdCompress } = zlib as unknown as Transforms

/** What is wrong with format and compression together, in words. */
export function compressionProblems({ format, compression }: Omit<Finishing, 'columns'>): string[] {
  if (compression === 'snappy' && format !== 'parquet') return ['snappy is for Parquet only']
  if (compression === 'zstd' && !hasZstd)
    return [`zstd needs Node.js 22.15 or later, and this is ${process.version}`]
  return []
}

/** Of the name: what is compressed inside of a Parquet file, the file says itself. */
export const outerCompression = ({ format, compression }: Omit<Finishing, 'columns'>) =>
  format === 'parquet' || compression === 'snappy' ? 'none' : compression

/** Makes the file as it goes to the store of the rows that were gathered; gives where it is. */
export async function finishFile(rows: string, finishing: Finishing): Promise<string> {
  const { format, compression, columns } = finishing
  const target = `${rows}.whole`
  if (format === 'parquet') await parquetFile(rows, target, columns, CODECS[compression])
  else if (compression === 'none') return rows
  else {
    const compress = compression === 'gzip' ? zlib.createGzip() : createZstdCompress!()
    await pipeline(createReadStream(rows), compress, createWriteStream(target))
  }
  return target
}
