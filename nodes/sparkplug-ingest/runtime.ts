import type { NodeAPI } from 'node-red'
import type { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { defineSource } from '../../core/source/define-source.ts'
import { loadWire } from '../../core/sparkplug/wire.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { Gatherer } from './gatherer.ts'
import { Host } from './logic.ts'
import { Presence } from './presence.ts'
import { sessionOf, watchSessions } from './session.ts'
import { spec } from './spec.ts'
import { askedSentence, troubleOf, workingText } from './status.ts'

export default (RED: NodeAPI): void => {
  watchSessions(RED)
  register(RED)
}

/** A long message is read for so long before others have their turn. */
const SLICE_MS = 20
/** How often the host looks at what waits. */
const LOOK_MS = 50

/**
 * The session hands messages to the gatherer as long as there is room, this to the host, which says
 * when a message is complete; then the gatherer takes its records into the flow.
 */
const register = defineSource(spec, context => {
  const { options, node, metrics, source, resume } = context
  const asked = new ThrottledNotice((times, first) => node.log(askedSentence(times, first)))
  let isStopped = false
  const host: Host = new Host(options, {
    settled: outcome => gatherer.settled(outcome),
    command: (topic, payload) => session.publish(topic, payload, 0, false),
    asked: name => asked.add(1, name)
  })
  const gatherer: Gatherer = new Gatherer({
    ...options,
    source,
    metrics,
    trials: context.trials,
    warn: sentence => node.warn(sentence),
    onRoom: resume,
    isReading: () => host.isReading,
    receive(packet, acks) {
      host.receive(packet, acks, now())
      if (host.isReading) setImmediate(readOn)
    }
  })
  const readOn = () => {
    if (isStopped) return
    const endMs = performance.now() + SLICE_MS
    if (host.proceed(() => performance.now() > endMs)) resume()
    else setImmediate(readOn)
  }
  const presence = new Presence(isThere => session.announce(isThere))
  const session: IngestSession = sessionOf(context, gatherer, host, presence)
  const looks = setInterval(() => host.tick(performance.now()), LOOK_MS).unref()
  return {
    start: () =>
      void loadWire().then(() => {
        if (!isStopped) session.start()
      }),
    resume: () => session.resume(),
    flush: gatherer.flush,
    tick() {
      session.tidy()
      presence.look(session.holding)
      metrics.gauges.set('edge nodes online', host.online)
      metrics.gauges.set('births asked for', host.asked)
    },
    stop() {
      isStopped = true
      clearInterval(looks)
      session.stopTaking()
      host.end()
      asked.end()
    },
    close: closing => session.close(closing),
    trouble: () => troubleOf(session, source),
    working: perSecond => workingText(perSecond, source.inFlight, host)
  }
})

const now = () => ({ atMs: performance.now(), clockMs: Date.now() })
