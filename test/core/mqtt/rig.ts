/**
 * What the tests of core/mqtt share: settings, a client that takes messages and leaves them
 * unacknowledged, and a device.
 */
import mqtt, { type MqttClient } from 'mqtt'
import { MqttConnection } from '../../../core/mqtt/client.ts'
import { DeferredAcks, type Received } from '../../../core/mqtt/deferred-ack.ts'
import type { Link } from '../../../core/mqtt/link.ts'
import { SessionMemory } from '../../../core/mqtt/session-memory.ts'
import type { MqttSettings, Qos } from '../../../core/mqtt/settings.ts'
import type { BrokerMake } from '../../brokers.ts'
import { MqttTap, type Side } from '../../mqtt-tap.ts'
import { until } from '../../until.ts'

let number = 0
/** A name that no other test of this or another run has. */
export const unique = (prefix: string): string =>
  `${prefix}-${process.pid}-${Date.now().toString(36)}-${++number}`

export function settingsOf(url: string, more: Partial<MqttSettings> = {}): MqttSettings {
  return {
    url: new URL(url),
    protocolVersion: 5,
    clientId: unique('client'),
    username: '',
    password: '',
    tls: {},
    keepaliveS: 30,
    clean: false,
    sessionExpiryS: 600,
    receiveMaximum: 1000,
    topicAliasMaximum: 0,
    connectTimeoutMs: 5000,
    ...more
  }
}

/** Takes messages as a source does, and acknowledges only when told to. */
export class Taker {
  readonly taken: Received[] = []
  readonly lines: string[] = []
  readonly problems: string[] = []
  memory = new SessionMemory()
  /** What it says at the end of a connection that the flow still has. */
  open: () => Received[] = () => []
  /** How many messages it takes before it says that there is no room. */
  room = Number.POSITIVE_INFINITY
  readonly connection: MqttConnection
  acks: DeferredAcks | undefined
  link: Link | undefined
  readies = 0

  constructor(
    settings: MqttSettings,
    readonly filter: string,
    readonly qos: Qos = 1
  ) {
    this.connection = new MqttConnection(settings, {
      takesMessages: true,
      linked: link => {
        if (!link.sessionPresent) this.memory = new SessionMemory()
        this.link = link
        const acks: DeferredAcks = new DeferredAcks(
          link.client,
          this.memory,
          packet => this.memory.isAgain(packet, acks) || this.#take(packet)
        )
        this.acks = acks
      },
      ready: async link => {
        await link.subscribe({ filter, qos, retainHandling: 1 })
        this.readies++
      },
      lost: error => {
        this.problems.push(error.message)
        this.acks?.end(this.open())
      },
      log: line => this.lines.push(line)
    })
  }

  #take(packet: Received): boolean {
    if (this.taken.length >= this.room) return false
    this.taken.push(packet)
    return true
  }

  async start(): Promise<this> {
    const before = this.readies
    this.connection.start()
    await until('the connection', () => this.readies > before, 10_000)
    return this
  }

  async took(count: number): Promise<Received[]> {
    await until(
      `${count} messages, ${this.taken.length} came`,
      () => this.taken.length >= count,
      10_000,
      5
    )
    return this.taken
  }

  get payloads(): string[] {
    return this.taken.map(packet => packet.payload.toString())
  }
}

/**
 * For each test a tap before a server of this make, a topic of its own and takers that end with it;
 * for all of them a publisher.
 */
export function stageOf(make: BrokerMake) {
  let url = ''
  const takers: Taker[] = []
  const stage = {
    tap: undefined as unknown as MqttTap,
    topic: '',
    publisher: undefined as unknown as MqttClient,
    async taker(more?: Partial<MqttSettings>, qos?: Qos): Promise<Taker> {
      const made = new Taker(settingsOf(stage.tap.url, more), stage.topic, qos)
      takers.push(made)
      return made.start()
    },
    ids: (from: Side, type: 'publish' | 'puback' | 'pubrec' | 'pubcomp') =>
      stage.tap.of(from, type).map(({ id }) => id)
  }
  before(async () => {
    url = await make.start()
    stage.publisher = await device(url)
  })
  after(async () => {
    await stage.publisher.endAsync()
    await make.stop()
  })
  beforeEach(async () => {
    stage.tap = await MqttTap.before(url)
    stage.topic = unique('deferred')
  })
  afterEach(async () => {
    for (const taker of takers.splice(0)) await taker.connection.close(1000, { endSession: true })
    await stage.tap.close()
  })
  return stage
}

/** A device: mqtt.js as it is. */
export async function device(url: string, options: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options
  })
  client.on('error', () => {})
  return client
}

/**
 * Publishes `0` to `count - 1`, at most 20 at a time, so that no Receive Maximum is met; returns
 * the payloads.
 */
export async function publishNumbers(
  client: MqttClient,
  topic: string,
  count: number,
  qos: Qos = 1,
  first = 0
): Promise<string[]> {
  const payloads = Array.from({ length: count }, (_, index) => String(first + index))
  // One after the other: of several that are under way at once, Artemis may pass on a later one
  // first.
  for (const payload of payloads) await client.publishAsync(topic, payload, { qos })
  return payloads
}

/** Whether the server has a session of this client; ends it. */
export async function hasSession(url: string, clientId: string): Promise<boolean> {
  const client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId,
    clean: false,
    reconnectPeriod: 0
  })
  const { sessionPresent } = await new Promise<{ sessionPresent: boolean }>((resolve, refuse) => {
    client.once('connect', resolve)
    client.once('error', refuse)
  })
  await client.endAsync()
  return sessionPresent
}
