const acts = new Set<() => void>()
let timer: NodeJS.Timeout | undefined

/**
 * Calls it once a second until the returned function is called, at the same moment as all others:
 * waking costs a process more than most of what it does then, and a pipeline has a dozen nodes that
 * look at themselves. Keeps no process alive.
 */
export function everySecond(act: () => void): () => void {
  const own = () => act()
  acts.add(own)
  timer ??= setInterval(() => {
    for (const each of acts) each()
  }, 1000).unref()
  return () => {
    acts.delete(own)
    if (acts.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
