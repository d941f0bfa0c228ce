import type { ServerKind } from './settings.ts'

/** What stands behind an address: something that each message is taken from once, or by all. */
export type AddressKind = 'queue' | 'topic' | 'plain'

/** An end of a link, as it is asked for. */
export interface Terminus {
  readonly address: string
  readonly capabilities?: string
}

/**
 * An end of a link in the words of a server. Artemis makes what is missing, and asks of which kind;
 * RabbitMQ 4 has one form of address for queues, another for exchanges.
 */
export function terminusOf(server: ServerKind, kind: AddressKind, address: string): Terminus {
  if (server === 'artemis' && kind !== 'plain') return { address, capabilities: kind }
  if (server === 'rabbitmq' && kind !== 'plain' && !address.startsWith('/'))
    return { address: rabbitAddress(kind, address) }
  return { address }
}

/** https://www.rabbitmq.com/docs/amqp#address-v2: names are percent-encoded. */
function rabbitAddress(kind: 'queue' | 'topic', address: string): string {
  if (kind === 'queue') return `/queues/${encodeURIComponent(address)}`
  const at = address.indexOf('/')
  const [exchange, key] = at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)]
  const path = `/exchanges/${encodeURIComponent(exchange)}`
  return key === '' ? path : `${path}/${encodeURIComponent(key)}`
}

/** Event Hubs, and IoT Hub by its built-in endpoint. */
const PARTITION = /\/ConsumerGroups\/[^/]+\/Partitions\//i

/** Why messages cannot be taken from an address, in words; empty where they can. */
export function sourceProblems(server: ServerKind, kind: AddressKind, address: string): string[] {
  if (PARTITION.test(address))
    return [
      'partitions of Event Hubs and IoT Hub keep no account of what was taken, so a restart would lose records or bring all of them again; use kafka consumer, which these speak as well'
    ]
  if (server === 'rabbitmq' && kind === 'topic')
    return ['RabbitMQ gives messages from queues only; bind a queue to the exchange']
  return []
}
