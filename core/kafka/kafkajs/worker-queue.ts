/** What a fetch has brought of a partition, until somebody has taken it over. */
interface Work {
  readonly batch: unknown
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}
/** Of kafkajs: deals with one after the other until there is none. */
interface Worker {
  run(from: { next(): Work | undefined }): Promise<void>
}

/**
 * kafkajs 2.2.4 wakes all workers of a consumer at each fetch, whatever that has brought; here as
 * many as there is work for.
 */
export function workerQueue({ workers }: { readonly workers: readonly Worker[] }) {
  const waiting: Work[] = []
  const idle = [...workers]
  const next = () => waiting.shift()
  const work = async (worker: Worker): Promise<void> => {
    while (waiting.length > 0) await worker.run({ next })
    idle.push(worker)
  }
  /** Resolves when all of these are dealt with. @throws what the first of them has thrown */
  const push = async (...batches: readonly unknown[]): Promise<void> => {
    const all = batches.map(
      batch => new Promise<void>((resolve, reject) => waiting.push({ batch, resolve, reject }))
    )
    for (let count = Math.min(batches.length, idle.length); count > 0; count--)
      void work(idle.pop()!)
    const results = await Promise.allSettled(all)
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
  }
  return { push, getWorkers: () => workers }
}
