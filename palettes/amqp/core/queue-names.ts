import { MillraceError } from '@millrace/node-red-telemetry'
import type { Connection, EventContext, Message } from 'rhea'
import { bytesOf } from './body.ts'
import { linkProblem } from './problem.ts'
import type { ServerKind } from './settings.ts'

/** Where Artemis answers questions about itself, to who may manage it. */
const MANAGEMENT = 'activemq.management'

/**
 * The names of the queues of a server. AMQP 1.0 has no such question; Artemis has one of its own.
 * @throws MillraceError where the server cannot be asked
 */
export function queueNames(connection: Connection, server: ServerKind): Promise<string[]> {
  if (server !== 'artemis')
    throw new MillraceError(
      'AMQP_ADDRESS_REFUSED',
      'This server cannot be asked for its queues by AMQP 1.0. Type the name.'
    )
  return new Promise((resolve, refuse) => {
    const answers = connection.open_receiver({ source: { address: '', dynamic: true } })
    const asks = connection.open_sender({ target: { address: MANAGEMENT } })
    const failed = (error: unknown) => refuse(linkProblem(error, MANAGEMENT))
    for (const event of ['sender_error', 'sender_close']) asks.on(event, () => failed(asks.error))
    answers.on('receiver_error', () => failed(answers.error))
    answers.on('receiver_open', () => {
      const question = {
        reply_to: answers.source.address,
        application_properties: {
          _AMQ_ResourceName: 'broker',
          _AMQ_OperationName: 'getQueueNames'
        },
        body: '[]'
      }
      asks.send(question as unknown as Message)
    })
    answers.on('message', ({ message }: EventContext) => {
      if (message?.application_properties?._AMQ_OperationSucceeded === false)
        failed({ description: String(bytesOf(message.body)) })
      else resolve(namesIn(bytesOf(message?.body)))
    })
  })
}

/** `[["a","b"]]`; names of temporary queues and of the server's own are left out. */
function namesIn(body: unknown): string[] {
  try {
    const found: unknown = JSON.parse(String(body))
    const names = [found].flat(3).filter(name => typeof name === 'string')
    return names.filter(name => !/^(\$|activemq\.|[0-9a-f-]{36}$)/.test(name)).sort()
  } catch {
    return []
  }
}
