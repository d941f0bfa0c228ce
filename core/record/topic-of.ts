import type { Message } from './message.ts'
import { lastHeader, provenanceOf } from './record.ts'

/** The header that carries the MQTT topic on a Kafka message. */
export const MQTT_TOPIC_HEADER = 'mqtt.topic'

/**
 * The topic of a record: the MQTT topic it was published to, even where it has come through Kafka
 * since; else the Kafka topic; else `msg.topic`. Empty if there is none.
 */
export function topicOf(record: unknown, message: Message): string {
  const taken = provenanceOf(record)?.taken
  if (taken === undefined) return typeof message.topic === 'string' ? message.topic : ''
  if (taken.origin.kind !== 'kafka') return taken.origin.topic
  return lastHeader(taken.headers, MQTT_TOPIC_HEADER)?.toString() ?? taken.origin.topic
}
