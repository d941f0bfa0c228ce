import type { TlsOptions } from '../tls.ts'
import { type ConnectionEvents, MqttConnection } from './client.ts'
import {
  type Announce,
  type Announcement,
  isSecure,
  type MqttSettings,
  type Qos,
  shownUrl
} from './settings.ts'

/** What the mqtt-broker configuration node knows. */
export interface BrokerOptions {
  readonly url: string
  /** Further addresses of the same server or cluster. */
  readonly others: readonly { readonly url: string }[]
  readonly version: '5' | '4'
  readonly clientId: string
  readonly username: string
  readonly password: string
  readonly keepaliveS: number
  readonly cleanStart: boolean
  readonly sessionExpiryS: number
  readonly topicAliasMaximum: number
  readonly birthTopic: string
  readonly birthPayload: string
  readonly birthQos: string
  readonly birthRetain: boolean
  readonly willTopic: string
  readonly willPayload: string
  readonly willQos: string
  readonly willRetain: boolean
}

/** What a node asks for when it connects. */
export interface ConnectRequest {
  readonly nodeId: string
  /** The client id to use; one made of the broker's client id and the node id if empty. */
  readonly clientId?: string
  /** False: no session is kept while the client is away, e.g. for one that only publishes. */
  readonly keepSession: boolean
  readonly receiveMaximum: number
  /** Takes the place of birth and will of the server node. */
  readonly announce?: Announce | undefined
}

/**
 * What the mqtt-broker node provides. Every node that uses it has a connection of its own: a source
 * needs a session with its own Receive Maximum, whose client id outlives a restart, and must be
 * able to stop reading without stopping others.
 */
export class MqttBroker {
  readonly address: string

  constructor(
    private readonly options: BrokerOptions,
    private readonly tls: TlsOptions
  ) {
    this.address = shownUrl(new URL(options.url))
  }

  get protocolVersion(): 4 | 5 {
    return this.options.version === '5' ? 5 : 4
  }

  /** The settings of a connection. The same node gets the same client id after every restart. */
  settingsFor(request: ConnectRequest): MqttSettings {
    const { options } = this
    const url = new URL(options.url)
    const others = options.others.map(other => new URL(other.url))
    const clientId = request.clientId || `${options.clientId || 'millrace'}-${request.nodeId}`
    const birth = announcement(
      options.birthTopic,
      options.birthPayload,
      options.birthQos,
      options.birthRetain,
      clientId
    )
    const will = announcement(
      options.willTopic,
      options.willPayload,
      options.willQos,
      options.willRetain,
      clientId
    )
    return {
      url,
      ...(others.length > 0 && { others }),
      protocolVersion: this.protocolVersion,
      clientId,
      username: options.username || decodeURIComponent(url.username),
      password: options.password || decodeURIComponent(url.password),
      tls: [url, ...others].some(isSecure) ? this.tls : {},
      keepaliveS: options.keepaliveS,
      clean: options.cleanStart || !request.keepSession,
      sessionExpiryS: options.sessionExpiryS,
      receiveMaximum: request.receiveMaximum,
      topicAliasMaximum: options.topicAliasMaximum,
      connectTimeoutMs: 10_000,
      ...(request.announce === undefined
        ? { ...(birth ? { birth } : {}), ...(will ? { will } : {}) }
        : { announce: request.announce })
    }
  }

  /** A connection that is not started yet. */
  connection(request: ConnectRequest, events: ConnectionEvents): MqttConnection {
    return new MqttConnection(this.settingsFor(request), events)
  }
}

/**
 * `{client_id}` in topic and payload stands for the client id, since several nodes may use one
 * broker node.
 */
function announcement(
  topic: string,
  payload: string,
  qos: string,
  retain: boolean,
  clientId: string
): Announcement | undefined {
  if (topic === '') return undefined
  const fill = (text: string) => text.replaceAll('{client_id}', clientId)
  return { topic: fill(topic), payload: fill(payload), qos: Number(qos) as Qos, retain }
}
