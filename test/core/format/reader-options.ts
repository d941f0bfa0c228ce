import { formatFields } from '../../../core/format/fields.ts'
import type { ReaderOptions } from '../../../core/format/reader.ts'

/** The defaults of the dialogs, with some of them set otherwise. */
export function readerOptions(options: Partial<ReaderOptions>): ReaderOptions {
  const defaults = Object.entries(formatFields).map(([name, field]) => [name, field.default])
  return { format: 'json', ...Object.fromEntries(defaults), ...options } as ReaderOptions
}

// Awaited, so that mocha takes these files as ES modules throughout: as CommonJS a test would have
// other classes than the decoders, which are imported when they are needed.
export const { loadingReader, readerOf } = await import('../../../core/format/reader.ts')
