import { loadModule, replaceModule } from '../../load-module.ts'
import { guardReadCommitted } from './aborted.ts'
import { fetchedMessages } from './fetched-messages.ts'
import { letRequestsPass } from './passing-requests.ts'
import { produceRequest } from './produce-request.ts'
import { fetchQuietly } from './quiet-fetch.ts'
import { frameRequest } from './request-frame.ts'
import { shareTimeoutChecks } from './request-timeouts.ts'
import { workerQueue } from './worker-queue.ts'

type Kafkajs = typeof import('kafkajs')

interface RequestQueue {
  pending: unknown[]
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
  waitForPendingRequests(): Promise<void>
}

/** The version that all workarounds of this folder were measured with. */
export const KAFKAJS_VERSION = '2.2.4'

let loaded: Kafkajs | undefined

/**
 * kafkajs, loaded when it is first needed, with the guards and the faster parts that fit its
 * version.
 */
export function kafkajs(): Kafkajs {
  if (loaded === undefined) {
    const isKnown =
      loadModule<{ version: string }>('kafkajs/package.json').version === KAFKAJS_VERSION
    // Another palette may have loaded kafkajs before; then it works as it is, only slower.
    if (isKnown) {
      replaceModule('kafkajs/src/protocol/request', frameRequest)
      replaceModule('kafkajs/src/protocol/requests/produce/v3/request', produceRequest)
      replaceModule('kafkajs/src/protocol/requests/fetch/v4/decodeMessages', fetchedMessages)
      replaceModule('kafkajs/src/consumer/workerQueue', workerQueue)
    }
    loaded = loadModule<Kafkajs>('kafkajs')
    if (isKnown) {
      guardThrottleTimer()
      guardPendingWait()
      guardReadCommitted()
      guardCoordinatorErrors()
      fetchQuietly()
      shareTimeoutChecks()
      letRequestsPass()
    }
  }
  return loaded
}

/**
 * kafkajs 2.2.4 adds a listener each time somebody waits for the requests of a connection to end.
 * Where one of several brokers does not answer, each try that fails elsewhere disconnects it once
 * more, and Node warns of more than ten (MaxListenersExceededWarning). Who waits for the same gets
 * the same promise here.
 */
function guardPendingWait(): void {
  const Queue = loadModule<{ prototype: RequestQueue }>('kafkajs/src/network/requestQueue')
  const wait = Queue.prototype.waitForPendingRequests
  const waiting = new WeakMap<RequestQueue, Promise<void>>()
  Queue.prototype.waitForPendingRequests = function () {
    const known = waiting.get(this)
    if (known !== undefined) return known
    const all = wait.call(this).finally(() => waiting.delete(this))
    waiting.set(this, all)
    return all
  }
}

interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Coordinators> }
  findGroupCoordinatorMetadata(asked: object): Promise<unknown>
}
interface Coordinators {
  findGroupCoordinator(asked: object): Promise<unknown>
}

/**
 * kafkajs 2.2.4 asks all brokers for the coordinator of a group or of transactions and keeps what
 * they say to itself. Where it is that the user lacks the right, one more question brings it to
 * light.
 */
function guardCoordinatorErrors(): void {
  const { prototype } = loadModule<{ prototype: Cluster }>('kafkajs/src/cluster')
  const find = prototype.findGroupCoordinatorMetadata
  prototype.findGroupCoordinatorMetadata = async function (asked) {
    try {
      return await find.call(this, asked)
    } catch (error) {
      if ((error as Error).name !== 'KafkaJSGroupCoordinatorNotFound') throw error
      const answer = this.brokerPool
        .findConnectedBroker()
        .then(at => at.findGroupCoordinator(asked))
      const reason: unknown = await answer.then(
        () => error,
        why => why
      )
      const { type = '' } = reason as { type?: string }
      throw type.endsWith('AUTHORIZATION_FAILED') ? reason : error
    }
  }
}

/**
 * kafkajs 2.2.4 arms a timer of a negative delay after every response, whether or not anything
 * waits: from Node 22 on that is a TimeoutNegativeWarning (tulios/kafkajs#1751), and always a timer
 * a request. This arms it only when requests wait.
 */
function guardThrottleTimer(): void {
  const Queue = loadModule<{ prototype: RequestQueue }>('kafkajs/src/network/requestQueue')
  Queue.prototype.scheduleCheckPendingRequests = function () {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
    const waitMs = this.throttledUntil - Date.now()
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      waitMs > 0 ? waitMs : 10
    )
  }
}
