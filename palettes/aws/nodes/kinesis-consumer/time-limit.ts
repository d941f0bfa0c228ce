import { setMaxListeners } from 'node:events'

/**
 * Requests that together have so long to be answered. Not by `AbortSignal.any`, which keeps
 * something of each request for as long as the node runs.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  ask: (options: { abortSignal: AbortSignal }) => Promise<T>
): Promise<T> {
  const limit = new AbortController()
  const end = () => limit.abort()
  const timer = setTimeout(end, ms)
  setMaxListeners(0, signal)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    return await ask({ abortSignal: limit.signal })
  } catch (error) {
    if (signal.aborted || !limit.signal.aborted) throw error
    throw Object.assign(new Error(`no answer in ${Math.round(ms)} ms`, { cause: error }), {
      code: 'ETIMEDOUT'
    })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}
