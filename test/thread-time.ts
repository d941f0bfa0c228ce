import { readFileSync } from 'node:fs'

/**
 * Milliseconds that the main thread has computed, as Linux tells it: others have their turn on a
 * busy machine, and so has the collection of garbage in threads of its own. Elsewhere the time that
 * has passed.
 */
export function threadMs(): number {
  try {
    const [computedNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
    return Number(computedNs) / 1e6
  } catch {
    return performance.now()
  }
}
