import { MillraceError } from '../../errors.ts'
import type { Written } from '../samples/written.ts'

/** What a dialog asks: which samples there are, or what the node makes of one. */
export type PreviewRequest =
  | { readonly action: 'samples'; readonly id: string; readonly before: readonly string[] }
  | {
      readonly action: 'preview'
      /** The node that the dialog is of, deployed or not. */
      readonly id: string
      readonly values: Readonly<Record<string, unknown>>
      readonly given: Given
    }

/** A message for the preview: a sample as it was given out, or a text that was typed or pasted. */
export interface Given {
  readonly topic: string
  readonly text?: string
  /** Whether the text stands for bytes, as a device sends them, or for what JSON makes of it. */
  readonly asBytes: boolean
  readonly payload?: Written
  /** Where each record came from, as samples have it. */
  readonly taken?: Written
}

/** A device's message, with room to spare; and what a table of devices or a schema may have. */
const MAX_TEXT = 256_000
const MAX_VALUES = 2_000_000
const MOST_BEFORE = 20

/** @throws MillraceError OPTIONS_INVALID where the body is not of this form */
export function previewRequest(body: unknown): PreviewRequest {
  if (!isRecord(body)) throw invalid('The request must be a JSON object.')
  const { action, id = '' } = body
  if (typeof id !== 'string') throw invalid('The id must be text.')
  if (action === 'samples') return { action, id, before: idsOf(body.before) }
  if (action !== 'preview') throw invalid('The action must be "samples" or "preview".')
  const { values = {}, given } = body
  if (!isRecord(values)) throw invalid('"values" must be a JSON object.')
  if (JSON.stringify(values).length > MAX_VALUES)
    throw invalid(`The settings are longer than ${MAX_VALUES} characters.`)
  return { action, id, values, given: givenOf(given) }
}

const idsOf = (ids: unknown): string[] =>
  (Array.isArray(ids) ? ids : [])
    .filter((id): id is string => typeof id === 'string')
    .slice(0, MOST_BEFORE)

function givenOf(given: unknown): Given {
  if (!isRecord(given)) throw invalid('"given" must be a JSON object.')
  const { topic = '', text, payload, taken, asBytes = false } = given
  if (typeof topic !== 'string') throw invalid('The topic must be text.')
  if (topic.length > MAX_TEXT) throw invalid(`The topic is longer than ${MAX_TEXT} characters.`)
  if (text === undefined) {
    if (JSON.stringify(payload ?? null).length > MAX_TEXT)
      throw invalid(`The sample is longer than ${MAX_TEXT} characters.`)
    return { topic, asBytes: false, payload, taken }
  }
  if (typeof text !== 'string') throw invalid('The message must be text.')
  if (text.length > MAX_TEXT) throw invalid(`The message is longer than ${MAX_TEXT} characters.`)
  return { topic, asBytes: asBytes === true, text, taken }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const invalid = (text: string) => new MillraceError('OPTIONS_INVALID', text)
