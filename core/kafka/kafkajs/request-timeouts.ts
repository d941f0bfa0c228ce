import { everySecond } from '../../every-second.ts'
import { loadModule } from '../../load-module.ts'

interface SentRequest {
  readonly sentAt: number | null
  readonly requestTimeout: number
  timeoutRequest(): void
}
interface RequestQueue {
  readonly enforceRequestTimeout: boolean
  readonly requestTimeout: number
  readonly inflight: ReadonlyMap<number, SentRequest>
  isConnected(): boolean
  scheduleRequestTimeoutCheck(): void
  destroy(): void
}

/** Shorter ones are looked at by kafkajs itself. */
const SHORTEST_MS = 2_000

/**
 * kafkajs 2.2.4 looks ten times a second at each of its connections whether a request has taken too
 * long, and a pipeline has about eight. Here all are looked at together, once a second.
 */
export function shareTimeoutChecks(): void {
  const { prototype } = loadModule<{ prototype: RequestQueue }>('kafkajs/src/network/requestQueue')
  const { scheduleRequestTimeoutCheck, destroy } = prototype
  const queues = new Set<RequestQueue>()
  let end: (() => void) | undefined
  prototype.scheduleRequestTimeoutCheck = function () {
    if (this.requestTimeout < SHORTEST_MS) return scheduleRequestTimeoutCheck.call(this)
    if (!this.enforceRequestTimeout) return
    queues.add(this)
    end ??= everySecond(() => {
      for (const queue of queues) check(queue)
    })
  }
  prototype.destroy = function () {
    destroy.call(this)
    queues.delete(this)
    if (queues.size > 0) return
    end?.()
    end = undefined
  }
}

function check(queue: RequestQueue): void {
  const nowMs = Date.now()
  for (const request of queue.inflight.values())
    if (request.sentAt !== null && nowMs - request.sentAt > request.requestTimeout)
      request.timeoutRequest()
  if (!queue.isConnected()) queue.destroy()
}
