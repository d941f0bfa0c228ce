import {
  type Batch,
  type Headers,
  ParseFailure,
  reasonOf,
  setHeader,
  type Taken
} from '@millrace/node-red-telemetry'
import type { Delivery, Message } from 'rhea'
import { bytesOf, sentTo } from '../../core/body.ts'

/** By which a message is settled. */
export type Settling = Pick<Delivery, 'accept' | 'reject' | 'release' | 'modified'>

/** A message as it came. */
export interface Arrival {
  readonly message: Message
  readonly delivery: Settling
  /** Where it was sent to, without what Artemis puts before it. */
  readonly address: string
  readonly body: Buffer | ParseFailure
  /** What a dead letter has of it: all of the message where its body has no bytes. */
  readonly raw: Buffer | null
}

/**
 * @param address of the link, for a message that does not say where it was sent to
 * @param wire gives the message as it came
 */
export function arrivalOf(
  message: Message,
  delivery: Settling,
  address: string,
  wire?: () => Buffer
): Arrival {
  // What rhea gives of a message that says to be of another format than AMQP's.
  if (Buffer.isBuffer(message)) return undecodable(message, delivery, address, OTHER_FORMAT)
  const body = bytesOf(message.body, wire)
  const raw = Buffer.isBuffer(body) ? body : (wire?.() ?? null)
  return { message, delivery, address: sentTo(message.to, address), body, raw }
}

const OTHER_FORMAT = 'it says to be of another format'

/** Bytes that are no message: a dead letter has all of them. */
export function undecodable(
  wire: Buffer,
  delivery: Settling,
  address: string,
  error: unknown
): Arrival {
  const why = `What came is no message of AMQP 1.0: ${reasonOf(error)}.`
  const body = new ParseFailure('FORMAT_INVALID', why)
  return { message: {} as Message, delivery, address, body, raw: wire }
}

export const sizeOf = ({ raw }: Arrival): number => raw?.length ?? 0

/** Parts of a message that are told with it, by the names that their headers have. */
const PARTS = {
  subject: 'amqp.subject',
  message_id: 'amqp.message-id',
  correlation_id: 'amqp.correlation-id',
  group_id: 'amqp.group-id',
  content_type: 'content-type',
  content_encoding: 'content-encoding'
} as const

/** Messages that leave together, settled together. What nobody asks for is not built. */
export class AmqpBatch implements Batch {
  /** When they left, in milliseconds since 1970. */
  readonly arrivedMs = Date.now()
  /** Whose records were all refused, by their place. */
  readonly unreadable = new Set<number>()

  constructor(
    readonly arrivals: readonly Arrival[],
    readonly bytes: number,
    /** Of the connection that brought them: another one cannot settle them. */
    readonly era: number
  ) {}

  at(index: number): Taken {
    const { message, address, raw } = this.arrivals[index]!
    const { group_id: group } = message as { group_id?: unknown }
    return {
      origin: { kind: 'flow', topic: address },
      key: typeof group === 'string' ? group : null,
      headers: headersOf(message),
      raw
    }
  }
}

function headersOf(message: Message): Headers {
  const headers: Headers = {}
  for (const [name, header] of Object.entries(PARTS)) {
    const text = textOf(message[name as keyof typeof PARTS])
    if (text !== undefined) headers[header] = text
  }
  if ((message.delivery_count ?? 0) > 0)
    headers['amqp.delivery-count'] = String(message.delivery_count)
  for (const [name, value] of Object.entries(message.application_properties ?? {})) {
    const text = textOf(value)
    if (text !== undefined) setHeader<Headers[string]>(headers, name, text)
  }
  return headers
}

/**
 * A part of a message as text; undefined for what is none, and for a time beyond the dates of
 * JavaScript, of which rhea leaves nothing. Nothing is thrown: dead letters are made by it as well.
 */
export function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (Buffer.isBuffer(value)) return value.toString('hex')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
