import type { ParseFailure } from '../record/parse-failure.ts'

/** What is known of a payload besides its bytes. */
export interface ArrivedBytes {
  /** When it came, in milliseconds since 1970: what times relative to now count from. */
  readonly arrivedMs: number
}

/**
 * What one payload holds. A value that could not be read stands there as its reason, so that the
 * others are kept.
 */
export interface Content {
  /** Read when they are asked for, once: many of them take more than one turn of the event loop. */
  readonly values: Iterable<unknown>
  /** A format that holds one value a payload, or one that holds several, each with its place. */
  readonly isList: boolean
}

/**
 * Reads a payload. Never throws, whatever the bytes are; takes time and memory in proportion to
 * them.
 */
export type Decode = (bytes: Buffer, arrival: ArrivedBytes) => Content | ParseFailure

export const one = (value: unknown): Content => ({ values: [value], isList: false })

/** The settings of formats, as the nodes have them. */
export interface DecoderOptions {
  readonly format: string
  readonly nanAsNull: boolean
  readonly trailingNuls: 'cut' | 'reject'
  readonly exact: boolean
  readonly onWords: string
  readonly offWords: string
  readonly valueField: string
  readonly delimiter: string
  readonly columns: string
  readonly schema: string
  readonly messageType: string
  readonly framing: 'none' | 'registry' | 'single' | 'container'
}

/**
 * What makes a decoder from the settings. @throws OptionsError, with the line, for a schema that is
 * wrong
 */
export type MakeDecode = (options: DecoderOptions) => Decode
