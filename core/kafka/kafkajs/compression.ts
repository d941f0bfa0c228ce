import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { CompressionTypes } from 'kafkajs'
import type { Compression } from '../compression.ts'
import { kafkajs } from './kafkajs.ts'
import { lz4Decompress } from './lz4.ts'
import { snappyDecompress } from './snappy.ts'

type Transform = (bytes: Buffer) => Promise<Buffer>
type Zlib = {
  zstdCompress?: (bytes: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void
  zstdDecompress?: Zlib['zstdCompress']
}

/** kafkajs' number of a compression. */
export function compressionType(compression: Compression): CompressionTypes {
  const { CompressionTypes: types } = kafkajs()
  registerCodecs()
  return { none: types.None, gzip: types.GZIP, zstd: types.ZSTD }[compression]
}

/**
 * kafkajs has gzip only: the others are read by our own code, Zstandard by Node's where it has it.
 */
export function registerCodecs(): void {
  const { CompressionTypes: types } = kafkajs()
  register(types.Snappy, { compress: readOnly, decompress: async bytes => snappyDecompress(bytes) })
  register(types.LZ4, { compress: readOnly, decompress: async bytes => lz4Decompress(bytes) })
  const { zstdCompress, zstdDecompress } = zlib as Zlib
  if (zstdCompress === undefined || zstdDecompress === undefined) return
  const compress: Transform = promisify(zstdCompress)
  register(types.ZSTD, {
    compress: encoder => compress(encoder.buffer),
    decompress: promisify(zstdDecompress)
  })
}

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress: Transform
}

/**
 * The list is one for all users of kafkajs in the process: what another palette has registered
 * stays.
 */
function register(
  type: CompressionTypes.Snappy | CompressionTypes.LZ4 | CompressionTypes.ZSTD,
  codec: Codec
): void {
  const { CompressionCodecs: codecs } = kafkajs()
  try {
    codecs[type]()
  } catch {
    codecs[type] = () => codec
  }
}

const readOnly = async (): Promise<Buffer> => {
  throw new TypeError('This compression can only be read')
}
