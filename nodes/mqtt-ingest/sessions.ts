import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { type DeletedSessions, watchDeletedSessions } from '../../core/mqtt/deleted-sessions.ts'
import { keptSessionsOf } from '../../core/mqtt/kept-sessions.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { providedBy } from '../../core/node/define-node.ts'
import type { SourceContext } from '../../core/source/define-source.ts'
import { spec } from './spec.ts'

type Runtime = SourceContext<typeof spec>['RED']

const deletedSessions = new WeakMap<Runtime, DeletedSessions>()

/** Of nodes of this type: from now on, and also where none of them runs. */
export function watchSessions(RED: Runtime): void {
  const serverOf = (id: string) => providedBy<MqttBroker>(RED, id)
  deletedSessions.set(RED, watchDeletedSessions(RED, spec.type, serverOf))
}

/** Whose session it is, who keeps account of it, and whom it tells. */
export function sessionOf({
  RED,
  id,
  node,
  place,
  options,
  metrics,
  show
}: SourceContext<typeof spec>) {
  return {
    brokerId: options.broker,
    nodeId: id,
    place,
    kept: keptSessionsOf(RED),
    deleted: deletedSessions.get(RED)!,
    qos: Number(options.qos) as Qos,
    log: (line: string, isProblem: boolean) => (isProblem ? node.warn(line) : node.log(line)),
    changed: show,
    skipped() {
      metrics.in++
      metrics.filtered++
    }
  }
}
