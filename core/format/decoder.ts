import type { ParseFailure } from '../record/parse-failure.ts'
import type { Piece } from './pieces.ts'

/** What is known of a payload besides its bytes. */
export interface ArrivedBytes {
  /** When it came, in milliseconds since 1970: what times relative to now count from. */
  readonly arrivedMs: number
}

/**
 * What one payload holds. A value that could not be read stands there as its reason, so that the
 * others are kept.
 */
export type Content = ReadContent | InSteps
export type ReadContent = AtOnce | InPieces

/** A format that holds one value a payload, or all of its few values. */
export interface AtOnce {
  readonly values: readonly unknown[]
  /** It may hold several, each with its place. */
  readonly isList: boolean
}

/** A format that holds any number of values, read when they are asked for, once. */
export interface InPieces {
  readonly pieces: Iterable<Piece<unknown> | LongValue>
}

/** One of several values that is long itself, with what reads it anew. */
export interface LongValue {
  steps(): Steps<unknown>
}

/**
 * A long payload that has to be read as a whole, some of it at each step, so that others have their
 * turn in between.
 */
export interface InSteps {
  readonly steps: Steps<ReadContent | ParseFailure>
}

export type Steps<T> = Generator<undefined, T, undefined>

/** A payload of fewer bytes is read in less than the turn that others are to have in between. */
export const LONG_BYTES = 262_144
/** The same of MessagePack and CBOR, which write as much in fewer bytes. */
export const LONG_BINARY = 65_536

/**
 * Reads a payload. Never throws, whatever the bytes are; takes time and memory in proportion to
 * them.
 */
export type Decode = (bytes: Buffer, arrival: ArrivedBytes) => Content | ParseFailure

export const one = (value: unknown): AtOnce => ({ values: [value], isList: false })

/** A schema under the name by which another one refers to it. */
export interface ReferencedText {
  readonly name: string
  readonly text: string
}

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
  /** `comma` where numbers of CSV are written as 21,5. */
  readonly decimal?: string
  readonly columns: string
  readonly schema: string
  /** Other schemas that this one needs; those that others of them need come first. */
  readonly references?: readonly ReferencedText[]
  readonly messageType: string
  readonly framing: 'none' | 'registry' | 'single' | 'container'
  /** Where the records stand, so that what is in one of them can be counted as it is read. */
  readonly at: 'message' | 'list' | 'object'
  readonly path: string
  /** Fields that one of them may have at any depth. */
  readonly maxFields: number
}

/**
 * What makes a decoder from the settings. @throws OptionsError, with the line, for a schema that is
 * wrong
 */
export type MakeDecode = (options: DecoderOptions) => Decode
