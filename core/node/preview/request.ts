import { MillraceError } from '../../errors.ts'
import type { Answers } from '../../learn/learned.ts'
import type { Written } from '../samples/written.ts'

type Values = Readonly<Record<string, unknown>>

/** What a dialog asks: which samples there are, what the node makes of one, what they show. */
export type PreviewRequest =
  | { readonly action: 'samples'; readonly id: string; readonly before: readonly Before[] }
  | {
      readonly action: 'preview'
      /** The node that the dialog is of, deployed or not. */
      readonly id: string
      readonly values: Values
      readonly given: Given
    }
  | {
      readonly action: 'offers'
      readonly id: string
      readonly values: Values
      /** Such as names of devices that were seen. */
      readonly seen: readonly string[]
    }
  | {
      readonly action: 'learn'
      readonly id: string
      readonly values: Values
      readonly given: readonly Given[]
      readonly answers: Answers
    }

/** A node before the one of the dialog, as the editor has it. */
export interface Before {
  readonly id: string
  readonly type: string
  readonly values: Values
  /** The output that leads on, and the node that it leads to. */
  readonly port: number
  readonly next: string
  /** What its dialog has heard, before it was deployed. */
  readonly heard: readonly Given[]
}

/** A message for the preview: a sample as it was given out, or a text that was typed or pasted. */
export interface Given {
  readonly topic: string
  readonly text?: string
  /** Base64, where it is no text. */
  readonly bytes?: string
  readonly payload?: Written
  /** Where each record came from, as samples have it. */
  readonly taken?: Written
}

/** A device's message, with room to spare; and what a table of devices or a schema may have. */
const MAX_TEXT = 256_000
/** What is read of a file. */
const MAX_BYTES = 1_400_000
const MAX_VALUES = 2_000_000
const MOST_BEFORE = 20
const MOST_GIVEN = 20
const MAX_ANSWER = 200

/** @throws MillraceError OPTIONS_INVALID where the body is not of this form */
export function previewRequest(body: unknown): PreviewRequest {
  if (!isRecord(body)) throw invalid('The request must be a JSON object.')
  const { action, id = '' } = body
  if (typeof id !== 'string') throw invalid('The id must be text.')
  if (action === 'samples') return { action, id, before: beforeOf(body.before) }
  if (action !== 'preview' && action !== 'learn' && action !== 'offers')
    throw invalid('The action must be "samples", "preview", "offers" or "learn".')
  const values = valuesOf(body.values)
  if (action === 'offers') return { action, id, values, seen: seenOf(body.seen) }
  if (action === 'preview') return { action, id, values, given: givenOf(body.given) }
  return { action, id, values, given: listOf(body.given), answers: answersOf(body.answers) }
}

function valuesOf(values: unknown = {}): Values {
  if (!isRecord(values)) throw invalid('"values" must be a JSON object.')
  if (JSON.stringify(values).length > MAX_VALUES)
    throw invalid(`The settings are longer than ${MAX_VALUES} characters.`)
  return values
}

const beforeOf = (nodes: unknown): Before[] =>
  (Array.isArray(nodes) ? nodes : []).slice(0, MOST_BEFORE).flatMap(node => {
    if (!isRecord(node)) return []
    const { id, type = '', port = 0, next = '' } = node
    if (typeof id !== 'string' || typeof type !== 'string' || typeof next !== 'string') return []
    const heard = listOf(node.heard ?? [])
    return [{ id, type, values: valuesOf(node.values), port: Number(port), next, heard }]
  })

function listOf(given: unknown): Given[] {
  if (!Array.isArray(given)) throw invalid('"given" must be a list.')
  return given.slice(0, MOST_GIVEN).map(givenOf)
}

const seenOf = (seen: unknown): string[] =>
  (Array.isArray(seen) ? seen : [])
    .slice(0, MOST_GIVEN)
    .map(each => String(each).slice(0, MAX_ANSWER))

const answersOf = (answers: unknown): Answers =>
  Object.fromEntries(
    Object.entries(isRecord(answers) ? answers : {}).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && entry[1].length <= MAX_ANSWER
    )
  )

function givenOf(given: unknown): Given {
  if (!isRecord(given)) throw invalid('"given" must be a JSON object.')
  const { topic = '', text, bytes, payload, taken } = given
  if (typeof topic !== 'string') throw invalid('The topic must be text.')
  if (topic.length > MAX_TEXT) throw invalid(`The topic is longer than ${MAX_TEXT} characters.`)
  if (bytes !== undefined) return { topic, bytes: textOf(bytes, MAX_BYTES), taken }
  if (text !== undefined) return { topic, text: textOf(text, MAX_TEXT), taken }
  if (JSON.stringify(payload ?? null).length > MAX_TEXT)
    throw invalid(`The sample is longer than ${MAX_TEXT} characters.`)
  return { topic, payload, taken }
}

function textOf(text: unknown, most: number): string {
  if (typeof text !== 'string') throw invalid('The message must be text.')
  if (text.length > most) throw invalid(`The message is longer than ${most} characters.`)
  return text
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const invalid = (text: string) => new MillraceError('OPTIONS_INVALID', text)
