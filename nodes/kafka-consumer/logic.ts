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
  { from: begin, to: end }: BatchSlice,
  mostOf: () => number,
  maxBytes: number
): BatchSlice[] {
  const slices: BatchSlice[] = []
  let from = begin
  let bytes = 0
  let most = 0
  for (let index = begin; index < end; index++) {
    const { length } = messages[index]!.value ?? EMPTY
    if (index > from && (index - from >= most || bytes + length > maxBytes)) {
      slices.push({ from, to: index })
      from = index
      bytes = 0
    }
    if (index === from) most = mostOf()
    bytes += length
  }
  if (end > from) slices.push({ from, to: end })
  return slices
}

const EMPTY = { length: 0 }
