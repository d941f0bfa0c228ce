import type { Connection } from 'rhea'
import { type AmqpSettings, shownUrl } from './settings.ts'
import { withConnection } from './with-connection.ts'

/**
 * Connects once and says what the server tells of itself.
 * @throws AmqpError with a sentence that says what to change
 */
export const describeServer = (settings: AmqpSettings, signal: AbortSignal): Promise<string> =>
  withConnection(settings, signal, connection => sentence(connection, settings))

function sentence(connection: Connection, { url, login, username }: AmqpSettings): string {
  const { product, version } = (connection.properties ?? {}) as Record<string, unknown>
  const who = typeof product === 'string' ? `: ${product} ${String(version ?? '')}`.trimEnd() : ''
  const as =
    login === 'password' ? `as ${username}` : login === 'none' ? 'anonymously' : 'by certificate'
  return `Connected to ${shownUrl(url)} ${as}${who}.`
}
