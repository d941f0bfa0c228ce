import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { type DeletedSessions, watchDeletedSessions } from '../../core/mqtt/deleted-sessions.ts'
import { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { keptSessionsOf } from '../../core/mqtt/kept-sessions.ts'
import { providedBy } from '../../core/node/define-node.ts'
import type { SourceContext } from '../../core/source/define-source.ts'
import type { Gatherer } from './gatherer.ts'
import type { Host } from './logic.ts'
import type { Presence } from './presence.ts'
import { spec } from './spec.ts'
import { announcementsOf, deniesHost, filtersOf, groupsIn, isState } from './state.ts'

type SparkplugContext = SourceContext<typeof spec>
type Runtime = SparkplugContext['RED']

const deletedSessions = new WeakMap<Runtime, DeletedSessions>()

/** Sessions outlive their nodes: those of deleted ones are ended. */
export function watchSessions(RED: Runtime): void {
  const serverOf = (id: string) => providedBy<MqttBroker>(RED, id)
  deletedSessions.set(RED, watchDeletedSessions(RED, spec.type, serverOf))
}

/**
 * The session with the server: its messages go to the gatherer, those that tell of a host are
 * looked at here.
 */
export function sessionOf(
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
