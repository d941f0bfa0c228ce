import type { IClientOptions, IClientPublishOptions, IConnackPacket, MqttClient } from 'mqtt'
import { pause } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { type ConnectProblem, closedProblem, connectProblem, MqttError } from './connect-errors.ts'
import { PublishReader } from './publish-reader.ts'
import {
  type Announcement,
  isSecure,
  MAX_RECEIVE_MAXIMUM,
  type MqttSettings,
  portOf,
  type Qos,
  shownUrl
} from './settings.ts'

/** What MQTT 5 tells beside topic and payload. */
export type PublishProperties = NonNullable<IClientPublishOptions['properties']>

type Library = Pick<typeof import('mqtt'), 'connect'>

export interface LinkEvents {
  /** Messages are taken (`DeferredAcks`), and many may come: they are read by a reader of ours. */
  readonly takesMessages?: boolean
  /** The server has accepted the connection; comes before its first message. */
  up(link: Link): void
  /** The connection is gone or was never made, told once, with a sentence that says why. */
  down(link: Link, error: MillraceError): void
}

export interface Subscription {
  readonly filter: string
  readonly qos: Qos
  /**
   * MQTT 5.0, 3.8.3.1: 0 retained messages at every subscribe, 1 only for a new subscription, 2
   * never.
   */
  readonly retainHandling: 0 | 1 | 2
}

/**
 * One network connection, from CONNECT to its end. Every connection has an mqtt.js client of its
 * own, without its reconnect: that would send the acknowledgements of the old connection on the new
 * one (`queue`), where the packet ids mean other messages, and it knows neither backoff nor the end
 * of a session.
 */
export class Link {
  readonly client: MqttClient
  sessionPresent = false
  /** What the server said of itself in CONNACK; MQTT 5 only. */
  serverProperties: IConnackPacket['properties']
  #up = false
  #down = false
  #error: MillraceError | undefined
  readonly #ended: Promise<void>

  constructor(
    library: Library,
    readonly settings: MqttSettings,
    private readonly events: LinkEvents,
    /** One of the addresses of the settings; their first one names the session. */
    private readonly at: URL = settings.url
  ) {
    const { takesMessages = false } = events
    this.client = library.connect({ ...clientOptions(settings, at), manualConnect: takesMessages })
    if (takesMessages) {
      PublishReader.before(this.client)
      this.client.connect()
    }
    this.#ended = new Promise(resolve => this.client.once('close', resolve))
    this.#listen()
  }

  /** Unacknowledged messages of QoS 1 and 2 that the server takes at a time. */
  get serverReceiveMaximum(): number {
    return this.serverProperties?.receiveMaximum ?? MAX_RECEIVE_MAXIMUM
  }

  /** True from the server's consent to the end of the connection. */
  get up(): boolean {
    return this.#up && !this.#down
  }

  /**
   * @throws MillraceError MQTT_SUBSCRIBE_REFUSED, or MQTT_CONNECTION_LOST if the connection ends
   * first
   */
  async subscribe({ filter, qos, retainHandling }: Subscription): Promise<void> {
    const properties = this.settings.protocolVersion === 5 ? { rh: retainHandling } : {}
    let granted: number | undefined
    try {
      const grants = await this.#unlessLost(
        this.client.subscribeAsync(filter, { qos, ...properties })
      )
      granted = grants[0]?.qos
    } catch (error) {
      if (!this.up) throw this.#lost()
      const problem = {
        sentence: this.#refusal(filter, error),
        short: 'subscription refused',
        needsPerson: true
      }
      throw new MqttError('MQTT_SUBSCRIBE_REFUSED', problem, { cause: error })
    }
    if (granted !== undefined && granted < qos) {
      const sentence = `${this.#where} grants at most QoS ${granted} for "${filter}", but ${qos} is set.`
      throw new MqttError('MQTT_SUBSCRIBE_REFUSED', {
        sentence,
        short: `QoS ${qos} is not granted`,
        needsPerson: true
      })
    }
  }

  /** @throws MillraceError MQTT_CONNECTION_LOST if the connection ends first */
  async unsubscribe(filter: string): Promise<void> {
    await this.#unlessLost(this.client.unsubscribeAsync(filter))
  }

  /**
   * Publishes one message; `done` is told once the server has taken it, or that it cannot be sent.
   * Never called if the connection ends before.
   */
  publish(
    topic: string,
    payload: string | Buffer,
    qos: Qos,
    retain: boolean,
    done: (error?: Error) => void,
    properties?: PublishProperties
  ): void {
    // A server that speaks MQTT 3.1.1 has no place for them.
    const told = properties && this.settings.protocolVersion === 5 ? { properties } : {}
    try {
      this.client.publish(topic, payload, { qos, retain, ...told }, error =>
        done(error ?? undefined)
      )
    } catch (error) {
      // Thrown where a length does not fit into its bytes, with the message half written: nothing
      // that comes behind it would be understood.
      this.client.stream.destroy()
      done(error as Error)
    }
  }

  /** Ends within `graceMs`, even when the other side is dead. `because` is what `down` is told. */
  async end(graceMs: number, because?: MillraceError): Promise<void> {
    if (this.#down) return
    this.#error ??= because
    if (this.#up) {
      this.client.end(false, { reasonCode: 0 })
      await Promise.race([this.#ended, pause(graceMs, { unref: true })])
    } else this.client.end(true)
    // A forced end after a graceful one does nothing in mqtt.js, so a dead peer is left by the
    // stream itself.
    this.client.stream.destroy()
    this.#finish(
      because ??
        new MillraceError(
          'MQTT_CONNECTION_LOST',
          `The connection to ${this.#where} was ended here.`
        )
    )
  }

  #listen(): void {
    const { client } = this
    const first = (packet: { cmd?: string }) => {
      if (packet.cmd !== 'connack') return
      client.off('packetreceive', first)
      this.#connack(packet as IConnackPacket)
    }
    // Not 'connect': that comes after the first messages of a resumed session.
    client.on('packetreceive', first)
    client.on('error', error => {
      this.#fail(connectProblem(error, this.#told, this.#up), error)
      // mqtt.js reads on behind a packet that is none, so that messages may be missing: the server
      // sends them again on the next connection (MQTT 5.0, 4.13.1).
      if (this.#up) client.stream.destroy()
    })
    client.on('disconnect', ({ reasonCode }) => {
      if (reasonCode) this.#fail(connectProblem({ code: reasonCode }, this.#told))
    })
    client.on('close', () => {
      const code = this.#up ? 'MQTT_CONNECTION_LOST' : 'MQTT_CONNECT_FAILED'
      this.#finish(this.#error ?? new MqttError(code, closedProblem(this.#up, this.#told)))
    })
  }

  #connack(packet: IConnackPacket): void {
    if ((packet.reasonCode ?? packet.returnCode ?? 0) !== 0) return
    this.#up = true
    this.sessionPresent = packet.sessionPresent
    this.serverProperties = packet.properties
    this.events.up(this)
  }

  #fail(problem: ConnectProblem, cause?: unknown): void {
    const refused = typeof (cause as { code?: unknown } | undefined)?.code === 'number'
    const before = refused ? 'MQTT_REFUSED' : 'MQTT_CONNECT_FAILED'
    this.#error ??= new MqttError(this.#up ? 'MQTT_CONNECTION_LOST' : before, problem, { cause })
  }

  #finish(error: MillraceError): void {
    if (this.#down) return
    this.#down = true
    this.#error ??= error
    this.events.down(this, error)
  }

  /** mqtt.js leaves some promises open when the connection ends. */
  #unlessLost<T>(work: Promise<T>): Promise<T> {
    return Promise.race([
      work,
      this.#ended.then(() => {
        throw this.#lost()
      })
    ])
  }

  #lost = () =>
    this.#error ?? new MqttError('MQTT_CONNECTION_LOST', closedProblem(true, this.#told))

  /** The settings as sentences on this connection tell of them. */
  get #told(): MqttSettings {
    return { ...this.settings, url: this.at }
  }

  get #where(): string {
    return shownUrl(this.at)
  }

  #refusal(filter: string, error: unknown): string {
    const text = reasonOf(error)
    return `${this.#where} refused the subscription to "${filter}": ${text.replace(/^Subscribe error: /, '')}.`
  }
}

function clientOptions(settings: MqttSettings, url: URL): IClientOptions {
  const { will } = settings
  const protocol = url.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss'
  return {
    ...(isSecure(url) ? settings.tls : {}),
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: portOf(url),
    ...(protocol.startsWith('ws') ? { path: url.pathname + url.search } : {}),
    protocolVersion: settings.protocolVersion,
    clientId: settings.clientId,
    ...(settings.username === ''
      ? {}
      : { username: settings.username, password: settings.password }),
    keepalive: settings.keepaliveS,
    clean: settings.clean,
    connectTimeout: settings.connectTimeoutMs,
    reconnectPeriod: 0,
    // A dozen calls a message of the package debug cost 1 us of 12, though it is off.
    ...(process.env.DEBUG ? {} : { log: () => {} }),
    resubscribe: false,
    // A Buffer for each of 65,536 packet ids, 7 MB in all; acknowledgements are written without it.
    writeCache: false,
    ...(settings.protocolVersion === 5 ? { properties: connectProperties(settings) } : {}),
    ...(will ? { will: willOf(will, settings.protocolVersion) } : {})
  }
}

/**
 * A second's delay: ActiveMQ Artemis 2.55 never publishes the will of a session that is kept if
 * there is none.
 */
function willOf(
  { topic, payload, qos, retain }: Announcement,
  version: 4 | 5
): NonNullable<IClientOptions['will']> {
  const will = { topic, payload: Buffer.from(payload), qos, retain }
  return version === 5 ? { ...will, properties: { willDelayInterval: 1 } } : will
}

/**
 * Maximum Packet Size is left out on purpose: a server drops larger messages without a word (MQTT
 * 5.0, 3.1.2.11.4).
 */
function connectProperties(settings: MqttSettings): NonNullable<IClientOptions['properties']> {
  return {
    sessionExpiryInterval: settings.clean ? 0 : settings.sessionExpiryS,
    receiveMaximum: settings.receiveMaximum,
    ...(settings.topicAliasMaximum > 0 ? { topicAliasMaximum: settings.topicAliasMaximum } : {})
  }
}
