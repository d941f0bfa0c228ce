/**
 * What `work` resolves to, or a rejection after `limitMs`. The signal aborts at the end of either,
 * so that what is still open is closed. Whatever `work` does later, nothing of it is a rejection
 * that nobody listens to.
 */
export async function withDeadline<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, refuse) => {
    const text = `There was no answer within ${limitMs / 1000} seconds. Check the address and whether a firewall is between.`
    timer = setTimeout(() => refuse(new Error(text)), limitMs)
  })
  try {
    // Within a `then`, what `work` throws at once is a rejection as any other.
    return await Promise.race([Promise.resolve(over.signal).then(work), late])
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}
