/** What stands in the name of a file: which records it holds, and of which archive. */
export interface FileName {
  readonly topic: string
  readonly partition: number
  /** The first and the last offset of what the file was made of; others of it may be elsewhere. */
  readonly first: number
  readonly last: number
  readonly archive: string
  readonly format: FileFormat
  readonly compression: FileCompression
}

export type FileFormat = 'jsonl' | 'csv' | 'parquet'
/** Of the whole file; what is inside of Parquet, Parquet says itself. */
export type FileCompression = 'none' | 'gzip' | 'zstd'

const ENDINGS: Readonly<Record<FileCompression, string>> = { none: '', gzip: '.gz', zstd: '.zst' }
/** Names sort as offsets do. */
const DIGITS = 15

const NAME =
  /^(?<topic>.+)-(?<partition>\d+)-(?<first>\d{15})-(?<last>\d{15})-(?<archive>[A-Za-z0-9_]+)\.(?<format>jsonl|csv|parquet)(?<ending>\.gz|\.zst)?$/

export const fileNameOf = (name: FileName): string => {
  const { topic, partition, first, last, archive, format, compression } = name
  const range = [first, last].map(offset => String(offset).padStart(DIGITS, '0')).join('-')
  return `${topic}-${partition}-${range}-${archive}.${format}${ENDINGS[compression]}`
}

/** Undefined for a file that no archive has written. */
export function parseFileName(name: string): FileName | undefined {
  const found = NAME.exec(name)?.groups
  if (found === undefined) return undefined
  return {
    topic: found.topic!,
    partition: Number(found.partition),
    first: Number(found.first),
    last: Number(found.last),
    archive: found.archive!,
    format: found.format as FileFormat,
    compression: compressionOf(found.ending)
  }
}

export const compressionOf = (ending: string | undefined): FileCompression =>
  ending === '.gz' ? 'gzip' : ending === '.zst' ? 'zstd' : 'none'

/** What a file of anybody is, by its ending; undefined for what is none of records. */
export function formatOf(
  path: string
): { readonly format: FileFormat; readonly compression: FileCompression } | undefined {
  const found = /\.(jsonl|ndjson|csv|parquet)(\.gz|\.zst)?$/.exec(path)
  if (found === null) return undefined
  const format = found[1] === 'ndjson' ? 'jsonl' : (found[1] as FileFormat)
  return { format, compression: compressionOf(found[2]) }
}
