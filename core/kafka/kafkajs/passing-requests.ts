import { loadModule } from '../../load-module.ts'
import { PassingMap } from '../../passing-map.ts'

interface RequestQueue {
  inflight: Map<number, object> | PassingMap<number, object>
  scheduleRequestTimeoutCheck(): void
}

/**
 * kafkajs 2.2.4 keeps the requests that wait for their answers in a `Map`, which V8 lets outlive
 * their time with all that they carry: see `PassingMap`. A queue is told of its connection before
 * the first request goes into it.
 */
export function letRequestsPass(): void {
  const { prototype } = loadModule<{ prototype: RequestQueue }>('kafkajs/src/network/requestQueue')
  const begin = prototype.scheduleRequestTimeoutCheck
  prototype.scheduleRequestTimeoutCheck = function () {
    if (this.inflight.size === 0) this.inflight = new PassingMap()
    begin.call(this)
  }
}
