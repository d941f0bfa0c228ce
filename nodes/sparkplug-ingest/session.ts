import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { NodeSessions } from '../../core/mqtt/node-sessions.ts'
import { providedBy } from '../../core/node/define-node.ts'
import type { SourceContext } from '../../core/source/define-source.ts'
import type { Gatherer } from './gatherer.ts'
import type { Host } from './logic.ts'
import type { Presence } from './presence.ts'
import { spec } from './spec.ts'
import { announcementsOf, deniesHost, filtersOf, groupsIn, isState } from './state.ts'

type SparkplugContext = SourceContext<typeof spec>

export const sessions = new NodeSessions<SparkplugContext['RED']>(spec.type, (RED, id) =>
  providedBy<MqttBroker>(RED, id)
)

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
  const { options, provided } = context
  const { hostId, groups } = options
  const session: IngestSession = new IngestSession({
    ...options,
    ...sessions.of(context),
    broker: provided<MqttBroker>('broker'),
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
      acknowledge: gatherer.acknowledge,
      offer(packet, acks) {
        if (!isState(packet.topic)) return gatherer.offer(packet, acks)
        acks.acknowledge([packet])
        if (deniesHost(packet, hostId) && !presence.isAway) session.announce(true)
        return true
      }
    }
  })
  return session
}
