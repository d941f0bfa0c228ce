import type { HostAndPort } from '../address.ts'
import type { Database } from './pool.ts'

/** Below what doctor waits for all, so that the answer can say what is the matter. */
const LIMITS = { connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 }

/**
 * Asks over a connection of its own, so that no rows wait for the question, nor it for them. What
 * is still open is cut when the signal aborts.
 */
export async function askAside<T>(
  database: Database,
  signal: AbortSignal,
  ask: (database: Database) => Promise<T>
): Promise<T> {
  const aside = database.aside({ ...LIMITS, hosts: hostsOf(database) })
  const end = () => void aside.close()
  signal.addEventListener('abort', end, { once: true })
  try {
    return await ask(aside)
  } finally {
    signal.removeEventListener('abort', end)
    // A server that has vanished never answers the goodbye.
    end()
  }
}

/** The one in use first: another may be away. */
function hostsOf({ settings, place: { host, port } }: Database): HostAndPort[] | undefined {
  const others = settings.hosts?.filter(each => each.host !== host || each.port !== port)
  return others && [{ host, port }, ...others]
}
