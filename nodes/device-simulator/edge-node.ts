import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { MqttConnection } from '../../core/mqtt/client.ts'
import type { Link } from '../../core/mqtt/link.ts'
import type { Announcements } from '../../core/mqtt/settings.ts'
import { decodePayload } from '../../core/sparkplug/decode.ts'
import { encodePayload, type OutgoingMetric } from '../../core/sparkplug/encode.ts'
import { type MessageType, topicOf } from '../../core/sparkplug/topic.ts'
import type { Reading, SimulatedMetric } from './fleet.ts'

export interface EdgeNodeOptions {
  readonly broker: MqttBroker
  readonly nodeId: string
  readonly group: string
  readonly name: string
  readonly devices: readonly string[]
  readonly metrics: readonly SimulatedMetric[]
  log(line: string, isProblem: boolean): void
}

const REBIRTH = 'Node Control/Rebirth'
/** Bytes that may wait in the socket: nobody acknowledges messages of QoS 0. */
const MAX_WAITING_BYTES = 1 << 20

/** Publishes readings as an edge node of Sparkplug B does, each device with its births. */
export class SimulatedEdgeNode {
  published = 0
  #problem: Error | undefined
  readonly #connection: MqttConnection
  #link: Link | undefined
  #seq = 0
  /** Counts the connections; the birth and the will of one have the same. */
  #session = -1
  readonly #last = new Map<string, number>()
  readonly #aliases = new Map<string, number>()

  constructor(private readonly options: EdgeNodeOptions) {
    const { broker, nodeId, name, devices, metrics, log } = options
    for (const device of devices)
      for (const { metric } of metrics)
        this.#aliases.set(`${device}/${metric}`, this.#aliases.size + 1)
    const { clientId } = broker.settingsFor({ nodeId, keepSession: false, receiveMaximum: 1 })
    this.#connection = broker.connection(
      {
        nodeId,
        clientId: `${clientId}-${name}`,
        keepSession: false,
        receiveMaximum: 10,
        announce: nowMs => this.#will(nowMs)
      },
      {
        linked: link => link.client.on('message', (_topic, payload) => this.#command(payload)),
        ready: link => this.#ready(link),
        lost: error => {
          this.#problem = error
          this.#link = undefined
        },
        log
      }
    )
  }

  get connected(): boolean {
    return this.#link?.up ?? false
  }
  get problem(): Error | undefined {
    return this.#problem ?? this.#connection.rival
  }

  start = (): void => this.#connection.start()
  beat = (): number => this.#connection.beat(true)
  close = (): Promise<void> => this.#connection.close(3000)

  /** False if there is no room. */
  send({ device, metric, value, madeMs }: Reading): boolean {
    const link = this.#link
    if (!link?.up || link.client.stream.writableLength > MAX_WAITING_BYTES) return false
    const alias = this.#aliases.get(`${device}/${metric}`)!
    this.#last.set(`${device}/${metric}`, value)
    this.#publish('DDATA', device, [
      { alias, timestamp: Math.floor(madeMs), type: 'Double', tellsType: false, value }
    ])
    this.published++
    return true
  }

  /** A new connection is a new session; its orderly end tells the death of the same. */
  #will(nowMs: number): Announcements {
    if (!this.connected) this.#session = (this.#session + 1) & 0xff
    const { group, name } = this.options
    const payload = encodePayload({ timestamp: nowMs, metrics: [this.#bdSeq()] })
    return { will: { topic: topicOf(group, 'NDEATH', name), payload, qos: 1, retain: false } }
  }

  #bdSeq = (): OutgoingMetric => ({
    name: 'bdSeq',
    type: 'Int64',
    tellsType: true,
    value: this.#session
  })

  /** Commands are subscribed to before the births, so that none is missed. */
  async #ready(link: Link): Promise<void> {
    const { group, name } = this.options
    await link.subscribe({ filter: topicOf(group, 'NCMD', name), qos: 1, retainHandling: 2 })
    this.#link = link
    this.#problem = undefined
    this.#births()
  }

  #births(): void {
    const timestamp = Date.now()
    const { devices, metrics } = this.options
    this.#seq = 0
    this.#publish('NBIRTH', undefined, [
      this.#bdSeq(),
      { name: REBIRTH, timestamp, type: 'Boolean', tellsType: true, value: false }
    ])
    for (const device of devices)
      this.#publish(
        'DBIRTH',
        device,
        metrics.map(metric => this.#born(device, metric, timestamp))
      )
  }

  /** Before it has measured anything, a device tells the middle of its range. */
  #born(device: string, { metric, min, max }: SimulatedMetric, timestamp: number): OutgoingMetric {
    const key = `${device}/${metric}`
    return {
      name: metric,
      alias: this.#aliases.get(key)!,
      timestamp,
      type: 'Double',
      tellsType: true,
      value: this.#last.get(key) ?? (min + max) / 2
    }
  }

  #command(bytes: Buffer): void {
    const payload = decodePayload(bytes, 1000)
    if (!('metrics' in payload) || !this.connected) return
    if (payload.metrics.some(({ name, raw }) => name === REBIRTH && raw === true)) this.#births()
  }

  #publish(
    type: MessageType,
    device: string | undefined,
    metrics: readonly OutgoingMetric[]
  ): void {
    const { group, name } = this.options
    const payload = encodePayload({ timestamp: Date.now(), seq: this.#seq, metrics })
    this.#seq = (this.#seq + 1) & 0xff
    this.#link?.publish(topicOf(group, type, name, device), payload, 0, false, () => {})
  }
}
