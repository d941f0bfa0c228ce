import { setTimeout as wait } from 'node:timers/promises'

/**
 * Asks again and again until the answer is neither undefined nor false. Fails after `limitMs`, and
 * says what was waited for.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  limitMs = 30_000,
  everyMs = 50
): Promise<NonNullable<T>> {
  const endMs = performance.now() + limitMs
  let trouble: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== null && answer !== false)
        return answer as NonNullable<T>
      trouble = undefined
    } catch (error) {
      trouble = error
    }
    if (performance.now() > endMs)
      throw new Error(`after ${limitMs / 1000} s still waiting for ${what}`, { cause: trouble })
    await wait(everyMs)
  }
}
