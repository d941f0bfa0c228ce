import type { TlsOptions } from '../tls.ts'

export { mqttUrlProblems as urlProblems } from '../address.ts'

export type Qos = 0 | 1 | 2

/**
 * A message that says whether this client is there: the birth when it connects, the will when it is
 * gone.
 */
export interface Announcement {
  readonly topic: string
  readonly payload: string | Buffer
  readonly qos: Qos
  readonly retain: boolean
}

/** Birth and will of one connection. */
export interface Announcements {
  readonly birth?: Announcement
  readonly will?: Announcement
}

/** Makes those of a connection that begins, or ends, at this time. */
export type Announce = (nowMs: number) => Announcements

/** All that one connection to an MQTT server needs. */
export interface MqttSettings extends Announcements {
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. */
  readonly url: URL
  /**
   * Further addresses of the same server or cluster, tried in turn where the first does not answer.
   */
  readonly others?: readonly URL[]
  /** How often the first address is asked whether it is back, while another one serves. */
  readonly lookBackMs?: number
  readonly protocolVersion: 4 | 5
  readonly clientId: string
  readonly username: string
  readonly password: string
  readonly tls: TlsOptions
  readonly keepaliveS: number
  /** Start with a new session, and leave none behind. */
  readonly clean: boolean
  /**
   * How long the server keeps the session and its messages while the client is away; MQTT 5 only.
   */
  readonly sessionExpiryS: number
  /** Unacknowledged messages of QoS 1 and 2 that the server may send at a time; MQTT 5 only. */
  readonly receiveMaximum: number
  /** How many topic aliases the server may use; 0 for none. MQTT 5 only. */
  readonly topicAliasMaximum: number
  readonly connectTimeoutMs: number
  /** Where birth and will hold the time: they are made anew for each connection. */
  readonly announce?: Announce | undefined
}

/** MQTT 5.0, 3.1.2.11.3: the Receive Maximum of whoever names none. */
export const MAX_RECEIVE_MAXIMUM = 65_535

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443
}

export const isSecure = (url: URL): boolean => url.protocol === 'mqtts:' || url.protocol === 'wss:'

export const portOf = (url: URL): number => Number(url.port) || DEFAULT_PORTS[url.protocol]!

/** The address without user name and password, for logs and errors. */
export const shownUrl = (url: URL): string =>
  `${url.protocol}//${url.hostname}:${portOf(url)}${url.pathname === '/' ? '' : url.pathname}`
