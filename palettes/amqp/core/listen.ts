import type { Connection, EventContext } from 'rhea'
import { type AddressKind, terminusOf } from './address.ts'
import { bytesOf, sentTo } from './body.ts'
import { AmqpError, linkProblem } from './problem.ts'
import type { ServerKind } from './settings.ts'
import { wireOf } from './wire.ts'

/** A message that was heard, as it was sent. */
export interface HeardMessage {
  readonly topic: string
  readonly bytes: Buffer
}

const MOST_MESSAGES = 20
const MAX_BYTES = 256_000
/** For the first message; then a little longer, since devices mostly send one after the other. */
const FIRST_MS = 7_000
const FURTHER_MS = 1_500

const NOT_LOOKED_INTO =
  'This server has no way to look into a queue without taking from it, and those that it is for would miss messages. Paste a message, or listen behind the node.'
const NOT_SERVED = { short: 'cannot be looked into', needsPerson: true }

/**
 * Whether messages stay where they are. RabbitMQ and Service Bus take them out for whoever listens,
 * whatever they answer; of another server it counts what it answers.
 */
function takesNothing(
  server: ServerKind,
  kind: AddressKind,
  { distribution_mode: mode }: { readonly distribution_mode?: unknown }
): boolean {
  if (server === 'artemis') return true
  return server === 'any' && (kind === 'topic' || mode === 'copy')
}

/**
 * Hears what lies in a queue, or what comes to a topic in a few seconds. A queue is looked through
 * (distribution mode copy) and nothing is settled, so that no node misses a message by it.
 * @throws AmqpError where the server does not serve the address, or cannot be looked into
 */
export function listen(
  connection: Connection,
  server: ServerKind,
  { kind, address }: { readonly kind: AddressKind; readonly address: string }
): Promise<HeardMessage[]> {
  return new Promise((resolve, refuse) => {
    const heard: HeardMessage[] = []
    let bytes = 0
    const end = () => {
      clearTimeout(timer)
      resolve(heard.reverse())
    }
    let timer = setTimeout(end, FIRST_MS)
    const receiver = connection.open_receiver({
      source: { ...terminusOf(server, kind, address), distribution_mode: 'copy' },
      credit_window: 0,
      autoaccept: false
    })
    const wire = wireOf(receiver, () => undefined)
    receiver.on('receiver_open', () => {
      // A link that is refused is answered first, without a source, and ended next.
      if (!receiver.source?.address) return
      if (takesNothing(server, kind, receiver.source)) {
        receiver.add_credit(MOST_MESSAGES)
        return
      }
      clearTimeout(timer)
      refuse(new AmqpError('AMQP_ADDRESS_REFUSED', NOT_LOOKED_INTO, NOT_SERVED))
    })
    receiver.on('message', ({ message }: EventContext) => {
      const body = bytesOf(message?.body, wire)
      if (!Buffer.isBuffer(body) || bytes + body.length > MAX_BYTES) return
      bytes += body.length
      heard.push({ topic: sentTo(message?.to, address), bytes: body })
      if (heard.length === MOST_MESSAGES) return end()
      clearTimeout(timer)
      timer = setTimeout(end, FURTHER_MS)
    })
    for (const event of ['receiver_error', 'receiver_close'])
      receiver.on(event, () => {
        clearTimeout(timer)
        refuse(linkProblem(receiver.error, address))
      })
  })
}
