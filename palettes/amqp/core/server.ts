import { AmqpConnection, type ConnectionEvents } from './connection.ts'
import type { AmqpSettings, ServerKind } from './settings.ts'

/** What the node "amqp server" gives to those that use it; each opens a connection of its own. */
export class AmqpServer {
  constructor(private readonly settings: AmqpSettings) {}

  get kind(): ServerKind {
    return this.settings.kind
  }

  /** @param nodeId of the node that uses it: part of what the client calls itself */
  connection(nodeId: string, events: ConnectionEvents): AmqpConnection {
    const { containerId } = this.settings
    return new AmqpConnection({ ...this.settings, containerId: `${containerId}-${nodeId}` }, events)
  }
}
