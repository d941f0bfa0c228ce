import { type Headers, setHeader } from '../record/record.ts'
import { further, VIA } from '../record/ways.ts'
import { wayOf } from './hops.ts'
import type { Received } from './session-memory.ts'

/**
 * MQTT's facts as Kafka headers: user properties under their own names (so `traceparent` goes on as
 * it is), then topic, QoS and what else the device said under `mqtt.`. A device could forge these,
 * and the reasons of dead letters under `millrace.`, so its properties of such names are left out.
 * One that came several times is an array, in order.
 * @param hop the name of the node that takes it, where its way is to be known
 */
export function headersOf(
  topic: string,
  qos: number,
  retain: boolean,
  properties: Received['properties'],
  hop?: string
): Headers {
  const headers: Headers = {}
  if (properties !== undefined) addProperties(headers, properties)
  const way = properties?.userProperties === undefined ? undefined : wayOf(properties)
  if (hop !== undefined) headers[VIA] = further(way, hop)
  else if (way !== undefined) headers[VIA] = way
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
