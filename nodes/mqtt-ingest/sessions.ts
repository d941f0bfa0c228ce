import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { Received } from '../../core/mqtt/deferred-ack.ts'
import { IngestSession } from '../../core/mqtt/ingest-session.ts'
import type { Intake } from '../../core/mqtt/intake.ts'
import { NodeSessions } from '../../core/mqtt/node-sessions.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { providedBy } from '../../core/node/define-node.ts'
import type { SourceContext } from '../../core/source/define-source.ts'
import type { OwnPublishes } from './own-publishes.ts'
import { spec } from './spec.ts'

type MqttContext = SourceContext<typeof spec>

export const sessions = new NodeSessions<MqttContext['RED']>(spec.type, (RED, id) =>
  providedBy<MqttBroker>(RED, id)
)

/** The session with the server, whose messages go to the intake. */
export const sessionOf = (
  context: MqttContext,
  intake: Intake,
  filter: string,
  own: OwnPublishes
): IngestSession =>
  new IngestSession({
    ...context.options,
    ...sessions.of(context),
    broker: context.provided<MqttBroker>('broker'),
    qos: Number(context.options.qos) as Qos,
    filters: [filter],
    intake,
    leavesOut: (packet: Received) => own.has(packet)
  })
