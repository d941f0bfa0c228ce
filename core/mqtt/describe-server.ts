import type { IConnackPacket } from 'mqtt'
import { type MillraceError, reasonOf } from '../errors.ts'
import { Link } from './link.ts'
import { MAX_RECEIVE_MAXIMUM, type MqttSettings, shownUrl } from './settings.ts'

/**
 * What the server says at each of its addresses. Where one of them does not answer, the sentence
 * says why; that of the others counts.
 * @throws MillraceError where none does
 */
export async function describeServer(settings: MqttSettings, signal: AbortSignal): Promise<string> {
  const { url, others = [] } = settings
  if (others.length === 0) return describeAddress(settings, url, signal)
  const told = await Promise.allSettled(
    [url, ...others].map(at => describeAddress(settings, at, signal))
  )
  const [first] = told
  if (first?.status === 'rejected' && told.every(({ status }) => status === 'rejected'))
    throw first.reason as Error
  return told
    .map(each => (each.status === 'fulfilled' ? each.value : reasonOf(each.reason)))
    .join(' ')
}

/**
 * Connects once with a client id of its own and says what the server can do.
 * @throws MillraceError MQTT_CONNECT_FAILED with a sentence that says what to change
 */
async function describeAddress(
  settings: MqttSettings,
  at: URL,
  signal: AbortSignal
): Promise<string> {
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
        { up: () => resolve(), down: (_link, error: MillraceError) => refuse(error) },
        at
      )
      signal.addEventListener('abort', () => refuse(signal.reason as Error), { once: true })
    })
    return sentence(link!, settings, at)
  } finally {
    await link?.end(1000)
  }
}

function sentence(link: Link, { protocolVersion }: MqttSettings, url: URL): string {
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
