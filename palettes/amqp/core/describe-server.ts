import type { Connection } from 'rhea'
import { AmqpConnection } from './connection.ts'
import { type AmqpSettings, shownUrl } from './settings.ts'

const GOODBYE_MS = 1_000

/**
 * Connects once and says what the server tells of itself.
 * @throws AmqpError with a sentence that says what to change
 */
export async function describeServer(settings: AmqpSettings, signal: AbortSignal): Promise<string> {
  let connection: AmqpConnection | undefined
  try {
    const opened = await new Promise<Connection>((resolve, refuse) => {
      const containerId = `millrace-test-${Math.random().toString(36).slice(2, 10)}`
      connection = new AmqpConnection({ ...settings, containerId }, { open: resolve, lost: refuse })
      signal.addEventListener('abort', () => refuse(signal.reason as Error), { once: true })
      connection.start()
    })
    return sentence(opened, settings)
  } finally {
    await connection?.close(GOODBYE_MS)
  }
}

function sentence(connection: Connection, { url, login, username }: AmqpSettings): string {
  const { product, version } = (connection.properties ?? {}) as Record<string, unknown>
  const who = typeof product === 'string' ? `: ${product} ${String(version ?? '')}`.trimEnd() : ''
  const as =
    login === 'password' ? `as ${username}` : login === 'none' ? 'anonymously' : 'by certificate'
  return `Connected to ${shownUrl(url)} ${as}${who}.`
}
