import type { Connection, EventContext } from 'rhea'
import { type AddressKind, terminusOf } from './address.ts'
import { bytesOf, sentTo } from './body.ts'
import { linkProblem } from './problem.ts'
import type { ServerKind } from './settings.ts'

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

/**
 * Hears what lies in a queue, or what comes to a topic in a few seconds. A queue is looked through
 * (distribution mode copy) and nothing is settled, so that no node misses a message by it.
 * @throws AmqpError where the server does not serve the address
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
    receiver.on('receiver_open', () => receiver.add_credit(MOST_MESSAGES))
    receiver.on('message', ({ message }: EventContext) => {
      const body = bytesOf(message?.body)
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
