import type { Connection } from 'rhea'
import { AmqpConnection } from './connection.ts'
import type { AmqpSettings } from './settings.ts'

const GOODBYE_MS = 1_000

/**
 * Does something with a connection of its own, under a name of its own, so that no node is
 * disturbed, and closes it.
 * @throws AmqpError where there is none; what the work throws; the reason of the signal
 */
export async function withConnection<T>(
  settings: AmqpSettings,
  signal: AbortSignal,
  work: (connection: Connection) => T | Promise<T>
): Promise<T> {
  let connection: AmqpConnection | undefined
  try {
    return await new Promise<T>((resolve, refuse) => {
      const containerId = `millrace-test-${Math.random().toString(36).slice(2, 10)}`
      const open = (opened: Connection) => {
        Promise.resolve(opened).then(work).then(resolve, refuse)
      }
      connection = new AmqpConnection({ ...settings, containerId }, { open, lost: refuse })
      signal.addEventListener('abort', () => refuse(signal.reason as Error), { once: true })
      connection.start()
    })
  } finally {
    await connection?.close(GOODBYE_MS)
  }
}
