import { isTopicName, parseNames } from '../../core/kafka/settings.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { BatchSlice, RawMessage } from './batch.ts'
import { spec } from './spec.ts'

/** @throws OptionsError that names what is no topic */
export function topicsOf(text: string): string[] {
  const topics = parseNames(text)
  const { label } = spec.fields.topics
  const wrong = topics
    .filter(topic => !isTopicName(topic))
    .map(topic => `${label}: "${topic}" is no name of a topic`)
  if (wrong.length > 0) throw new OptionsError(spec.label, wrong)
  return topics
}

/**
 * Cuts messages into batches of at most so many records, and so many bytes unless one alone has
 * more.
 */
export function slicesOf(
  messages: readonly RawMessage[],
  maxRecords: number,
  maxBytes: number
): BatchSlice[] {
  const slices: BatchSlice[] = []
  let from = 0
  let bytes = 0
  for (let index = 0; index < messages.length; index++) {
    const { length } = messages[index]!.value ?? EMPTY
    if (index > from && (index - from >= maxRecords || bytes + length > maxBytes)) {
      slices.push({ from, to: index })
      from = index
      bytes = 0
    }
    bytes += length
  }
  if (messages.length > from) slices.push({ from, to: messages.length })
  return slices
}

const EMPTY = { length: 0 }
