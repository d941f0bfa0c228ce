import type { IConnackPacket } from 'mqtt'
import type { MillraceError } from '../errors.ts'
import { Link } from './link.ts'
import { MAX_RECEIVE_MAXIMUM, type MqttSettings, shownUrl } from './settings.ts'

/**
 * Connects once with a client id of its own and says what the server can do.
 * @throws MillraceError MQTT_CONNECT_FAILED with a sentence that says what to change
 */
export async function describeServer(settings: MqttSettings, signal: AbortSignal): Promise<string> {
  const library = await import('mqtt')
  // Not the client id of the settings: that would throw out the node that is running.
  const clientId = `millrace-test-${Math.random().toString(36).slice(2, 10)}`
  const { birth: _birth, will: _will, ...quiet } = settings
  let link: Link | undefined
  try {
    await new Promise<void>((resolve, refuse) => {
      link = new Link(
        library,
        { ...quiet, clientId, clean: true },
        { up: () => resolve(), down: (_link, error: MillraceError) => refuse(error) }
      )
      signal.addEventListener('abort', () => refuse(signal.reason as Error), { once: true })
    })
    return sentence(link!, settings)
  } finally {
    await link?.end(1000)
  }
}

function sentence(link: Link, settings: MqttSettings): string {
  const { protocolVersion, url } = settings
  if (protocolVersion === 4) return `Connected to ${shownUrl(url)} with MQTT 3.1.1.`
  return `Connected to ${shownUrl(url)} with MQTT 5: ${facts(link.serverProperties ?? {}).join(', ')}.`
}

function facts(server: NonNullable<IConnackPacket['properties']>): string[] {
  const found = [`receive maximum ${server.receiveMaximum ?? MAX_RECEIVE_MAXIMUM}`]
  if (server.maximumQoS !== undefined) found.push(`at most QoS ${server.maximumQoS}`)
  if (server.maximumPacketSize !== undefined)
    found.push(`packets of at most ${server.maximumPacketSize} bytes`)
  if (server.sessionExpiryInterval !== undefined)
    found.push(`sessions kept for at most ${server.sessionExpiryInterval} s`)
  found.push(
    server.sharedSubscriptionAvailable === false
      ? 'no shared subscriptions'
      : 'shared subscriptions'
  )
  if (server.wildcardSubscriptionAvailable === false) found.push('no wildcards in subscriptions')
  if (server.retainAvailable === false) found.push('no retained messages')
  found.push(
    server.topicAliasMaximum ? `${server.topicAliasMaximum} topic aliases` : 'no topic aliases'
  )
  return found
}
