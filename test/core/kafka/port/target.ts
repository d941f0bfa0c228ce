import type { KafkaClient } from '../../../../core/kafka/port.ts'
import type { ClusterSettings } from '../../../../core/kafka/settings.ts'
import type { Rig } from '../kafka-rig.ts'

/** What the suite is put to: a client, and a broker that it talks to. */
export interface Target {
  /** Of the broker. */
  readonly version: string
  client(settings: ClusterSettings): KafkaClient
  /** Of one file of the suite; the broker is the same for all. */
  rig(): Promise<Rig>
}
