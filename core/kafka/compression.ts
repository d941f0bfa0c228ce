import * as zlib from 'node:zlib'

export type Compression = 'none' | 'gzip' | 'zstd'

/** True if this Node's zlib has Zstandard (from 22.15 and 23.8 on). */
export const hasZstd = (): boolean => 'zstdCompress' in zlib
