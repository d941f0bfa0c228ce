import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { CompressionTypes } from 'kafkajs'
import { kafkajs } from './kafkajs.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

type Transform = (bytes: Uint8Array) => Promise<Buffer>
type Zlib = {
  zstdCompress?: (bytes: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void
  zstdDecompress?: Zlib['zstdCompress']
}

/** True if this Node's zlib has Zstandard (from 22.15 and 23.8 on). */
export const hasZstd = (): boolean => typeof (zlib as Zlib).zstdCompress === 'function'

/** kafkajs' number of a compression. Registers Zstandard, which kafkajs leaves to others, with Node's own. */
export function compressionType(compression: Compression): CompressionTypes {
  const { CompressionTypes: types } = kafkajs()
  registerZstd()
  return { none: types.None, gzip: types.GZIP, zstd: types.ZSTD }[compression]
}

/** Lets consumers read Zstandard, if Node can. */
export function registerZstd(): void {
  const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs()
  const { zstdCompress, zstdDecompress } = zlib as Zlib
  if (zstdCompress === undefined || zstdDecompress === undefined) return
  const compress: Transform = promisify(zstdCompress)
  const decompress: Transform = promisify(zstdDecompress)
  codecs[types.ZSTD] = () => ({ compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer), decompress })
}
