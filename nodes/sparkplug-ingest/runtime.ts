import type { NodeAPI } from 'node-red'
import type { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { gatheringOf } from '../../core/pace.ts'
import { defineSource } from '../../core/source/define-source.ts'
import { loadWire } from '../../core/sparkplug/wire.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { Gatherer } from './gatherer.ts'
import { Host } from './logic.ts'
import { ReadingTurns } from './long-message.ts'
import { migrations } from './migrations.ts'
import { Presence } from './presence.ts'
import { sessionOf, sessions } from './session.ts'
import { spec } from './spec.ts'
import { askedSentence, troubleOf, workingText } from './status.ts'

export default (RED: NodeAPI): void => {
  sessions.watch(RED)
  register(RED)
}

/** How often the host looks at what waits. */
const LOOK_MS = 50

/**
 * The session hands messages to the gatherer as long as there is room, this to the host, which says
 * when a message is complete; then the gatherer takes its records into the flow.
 */
const register = defineSource(
  spec,
  context => {
    const { options, node, metrics, source, trials, resume } = context
    const asked = new ThrottledNotice((times, first) => node.log(askedSentence(times, first)))
    const host: Host = new Host(options, {
      settled: outcome => gatherer.settled(outcome),
      command: (topic, payload) => session.publish(topic, payload, 0, false),
      asked: name => asked.add(1, name)
    })
    const turns = new ReadingTurns(isOver => host.proceed(isOver), resume)
    const gatherer: Gatherer = new Gatherer({
      ...options,
      ...gatheringOf(options),
      source,
      metrics,
      trials,
      warn: sentence => node.warn(sentence),
      onTurn: resume,
      isReading: () => host.isReading,
      receive(packet, acks) {
        host.receive(packet, acks, { atMs: performance.now(), clockMs: Date.now() })
        if (host.isReading) turns.begin()
      }
    })
    const presence = new Presence(isThere => session.announce(isThere))
    const session: IngestSession = sessionOf(context, gatherer, host, presence)
    const looks = setInterval(() => host.tick(performance.now()), LOOK_MS).unref()
    return {
      ready: loadWire(),
      start: () => session.start(),
      resume: () => session.resume(),
      isBlocked: () => gatherer.isBlocked,
      flush() {
        gatherer.flush()
        gatherer.acknowledge()
      },
      tick() {
        session.tidy()
        presence.look(session.holding)
        metrics.gauges.set('edge nodes online', host.online)
        metrics.gauges.set('births asked for', host.asked)
      },
      stop() {
        turns.end()
        clearInterval(looks)
        session.stopTaking()
        host.end()
        asked.end()
      },
      close: closing => session.close(closing),
      trouble: () => troubleOf(session, source),
      working: perSecond => workingText(perSecond, source.inFlight, host)
    }
  },
  { migrations }
)
