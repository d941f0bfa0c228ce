import type { NodeAPI } from 'node-red'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { type DeletedSessions, watchDeletedSessions } from '../../core/mqtt/deleted-sessions.ts'
import { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { keptSessionsOf } from '../../core/mqtt/kept-sessions.ts'
import { providedBy } from '../../core/node/define-node.ts'
import { defineSource, type SourceContext } from '../../core/source/define-source.ts'
import { loadWire } from '../../core/sparkplug/wire.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { Gatherer } from './gatherer.ts'
import { Host } from './logic.ts'
import { Presence } from './presence.ts'
import { spec } from './spec.ts'
import { announcementsOf, deniesHost, filtersOf, groupsIn, isState } from './state.ts'
import { askedSentence, troubleOf, workingText } from './status.ts'

type SparkplugContext = SourceContext<typeof spec>

const deletedSessions = new WeakMap<NodeAPI, DeletedSessions>()

export default (RED: NodeAPI): void => {
  const serverOf = (id: string) => providedBy<MqttBroker>(RED, id)
  deletedSessions.set(RED, watchDeletedSessions(RED, spec.type, serverOf))
  register(RED)
}

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
    onRoom: resume,
    receive: (packet, acks) => host.receive(packet, acks, now())
  })
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

function sessionOf(
  context: SparkplugContext,
  gatherer: Gatherer,
  host: Host,
  presence: Presence
): IngestSession {
  const { RED, id, node, place, options, metrics, show, provided } = context
  const { hostId, groups } = options
  const session: IngestSession = new IngestSession({
    ...options,
    broker: provided<MqttBroker>('broker'),
    brokerId: options.broker,
    nodeId: id,
    place,
    kept: keptSessionsOf(RED),
    deleted: deletedSessions.get(RED)!,
    filters: filtersOf(groupsIn(groups), hostId),
    group: '',
    qos: 1,
    retained: 'never',
    keepSession: options.session === 'kept',
    ...(hostId === '' ? {} : { announce: announcementsOf(hostId) }),
    began: isResumed => {
      presence.restart()
      if (!isResumed) host.lostSight()
    },
    intake: {
      get taken() {
        return gatherer.taken
      },
      get open() {
        return gatherer.open
      },
      get full() {
        return gatherer.full
      },
      openOf: acks => gatherer.openOf(acks),
      offer(packet, acks) {
        if (!isState(packet.topic)) return gatherer.offer(packet, acks)
        acks.acknowledge([packet])
        if (deniesHost(packet, hostId) && !presence.isAway) session.announce(true)
        return true
      }
    },
    log: (line, isProblem) => (isProblem ? node.warn(line) : node.log(line)),
    changed: show,
    skipped() {
      metrics.in++
      metrics.filtered++
    }
  })
  return session
}
