import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import { type Batch, type Headers, setHeader, type Taken } from '../../core/record/record.ts'
import type { KillsReason } from '../../core/source/trials.ts'

/** Whoever gathered a batch, told what becomes of it. */
export interface BatchOwner {
  readonly isSingle: boolean
  /** The Kafka key of a topic. */
  keyOf(topic: string): string | null
  /** It is acknowledged. */
  release(batch: MqttBatch): void
  /** It has not killed the process at once; see `TakenMessage.survived`. */
  survived(): void
}

/**
 * Messages that leave together, as the server sent them. What nobody asks for is not built. A batch
 * knows the way back: who sends it on needs only to call `acknowledge`.
 */
export class MqttBatch implements Batch {
  readonly packets: Received[] = []
  bytes = 0
  /** Why its only message is not to go into the flow. */
  kills: KillsReason | undefined

  constructor(
    /** The connection that brought them; it knows whom to tell when it has ended. */
    readonly acks: DeferredAcks,
    private readonly owner: BatchOwner
  ) {}

  /** Each of its messages leaves by itself, not in an array. */
  get isSingle(): boolean {
    return this.owner.isSingle
  }

  add(packet: Received): void {
    this.packets.push(packet)
    this.bytes += packet.payload.length
  }

  /** The flow is done with all of it. */
  acknowledge(): void {
    this.owner.release(this)
    this.acks.acknowledge(this.packets)
  }

  survived(): void {
    this.owner.survived()
  }

  at(index: number): Taken {
    const { topic, qos, retain, payload, properties } = this.packets[index]!
    return {
      origin: { kind: 'mqtt', topic, qos, retained: retain },
      key: this.owner.keyOf(topic),
      headers: headersOf(topic, qos, retain, properties),
      raw: payload as Buffer
    }
  }
}

/**
 * MQTT's facts as Kafka headers: user properties under their own names (so `traceparent` goes on as
 * it is), then topic, QoS and what else the device said under `mqtt.`. A device could forge these,
 * and the reasons of dead letters under `millrace.`, so its properties of such names are left out.
 * One that came several times is an array, in order.
 */
export function headersOf(
  topic: string,
  qos: number,
  retain: boolean,
  properties: Received['properties']
): Headers {
  const headers: Headers = {}
  if (properties !== undefined) addProperties(headers, properties)
  headers['mqtt.topic'] = topic
  headers['mqtt.qos'] = QOS[qos]
  if (retain) headers['mqtt.retain'] = 'true'
  return headers
}

type UserProperties = NonNullable<NonNullable<Received['properties']>['userProperties']>

const QOS = ['0', '1', '2']

const RESERVED = /^(mqtt|millrace)\./

function addProperties(headers: Headers, properties: NonNullable<Received['properties']>): void {
  const { userProperties, contentType, responseTopic, correlationData } = properties
  if (userProperties !== undefined) addUserProperties(headers, userProperties)
  if (contentType !== undefined) headers['mqtt.content-type'] = contentType
  if (responseTopic !== undefined) headers['mqtt.response-topic'] = responseTopic
  if (correlationData !== undefined) headers['mqtt.correlation-data'] = correlationData
}

function addUserProperties(headers: Headers, userProperties: UserProperties): void {
  for (const [name, value] of Object.entries(userProperties)) {
    if (!RESERVED.test(name))
      setHeader<Headers[string]>(headers, name, Array.isArray(value) ? [...value] : value)
  }
}
