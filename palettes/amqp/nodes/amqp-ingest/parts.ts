import type { Options } from '@millrace/node-red-telemetry'
import type { Message } from 'rhea'
import { textOf } from './arrival.ts'
import type { spec } from './spec.ts'

type Row = Options<typeof spec>['taken'][number]

/** What of a message becomes a field of its records. */
export interface TakenPart {
  readonly field: string
  /** Its text; undefined where the message has none. */
  of(message: Message): string | undefined
}

export const partsOf = (rows: readonly Row[]): TakenPart[] =>
  rows.map(({ part, name, field }) => ({
    field,
    of: message => textOf(partOf(message, part, name))
  }))

function partOf(message: Message, part: Row['part'], name: string): unknown {
  if (part === 'property') return own(message.application_properties, name)
  if (part === 'annotation') return own(message.message_annotations, name)
  if (part === 'delivery-count') return message.delivery_count ?? 0
  return (message as unknown as Record<string, unknown>)[part.replace('-', '_')]
}

const own = (map: unknown, name: string): unknown =>
  typeof map === 'object' && map !== null && Object.hasOwn(map, name)
    ? (map as Record<string, unknown>)[name]
    : undefined
