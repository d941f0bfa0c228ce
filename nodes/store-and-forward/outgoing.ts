import type { TakenMessage } from '../../core/source/types.ts'
import { entryOf, type QueueEntry } from './entry.ts'
import { propertiesOf } from './kept-record.ts'
import type { Stored } from './queue.ts'

type Message = NonNullable<TakenMessage['message']>

/** Records of an entry that leave in a message. */
export interface EntryPart {
  readonly stored: Stored
  readonly from: number
  readonly to: number
}

/** A message to be sent on, made of pieces that follow each other. */
export interface SentMessage {
  readonly pieces: readonly EntryPart[]
  readonly records: number
  readonly bytes: number
  /** Made from what was read. */
  readonly message: Message
  /** Made anew, as nodes may have changed what was sent before. */
  rebuild(): Message
}

interface Cutting {
  pieces: EntryPart[]
  records: object[]
  readonly properties: string
  readonly isList: boolean
}

/** Makes the message of records that had this beside them; one that is no list is alone. */
export type ToMessage = (properties: string, records: readonly object[], isList: boolean) => Message

const asItCame: ToMessage = (properties, records, isList) =>
  ({ ...propertiesOf(properties), payload: isList ? records : records[0] }) as Message

/**
 * Cuts entries into messages: records whose messages were alike leave together, so many at most.
 * @param inLists also those that came one by one
 */
export function outgoingOf(
  entries: readonly Stored[],
  most: number,
  inLists: boolean,
  toMessage = asItCame
): readonly SentMessage[] {
  const messages: SentMessage[] = []
  let open: Cutting | undefined
  const cut = () => {
    if (open !== undefined) messages.push(made(open, toMessage))
    open = undefined
  }
  for (const stored of entries) {
    const entry = entryOf(stored.value)!
    const isList = inLists || entry.isList
    if (open !== undefined && (open.properties !== entry.properties || open.isList !== isList))
      cut()
    for (let from = 0; from < entry.records.length; ) {
      open ??= { pieces: [], records: [], properties: entry.properties, isList }
      const room = (isList ? most : 1) - open.records.length
      const to = Math.min(entry.records.length, from + room)
      open.pieces.push({ stored, from, to })
      for (let index = from; index < to; index++) open.records.push(entry.records[index]!)
      from = to
      if (to - from === room || open.records.length >= (isList ? most : 1)) cut()
    }
  }
  cut()
  return messages
}

function made({ pieces, records, properties, isList }: Cutting, toMessage: ToMessage): SentMessage {
  const messageOf = (payload: readonly object[]) => toMessage(properties, payload, isList)
  return {
    pieces,
    records: records.length,
    bytes: pieces.reduce((sum, piece) => sum + bytesOf(piece), 0),
    message: messageOf(records),
    rebuild: () => messageOf(pieces.flatMap(recordsOf))
  }
}

const bytesOf = ({ stored, from, to }: EntryPart) =>
  Math.round((stored.value.length * (to - from)) / stored.records)

function recordsOf({ stored, from, to }: EntryPart): readonly object[] {
  const entry = entryOf(stored.value) as QueueEntry
  return entry.records.slice(from, to)
}
