/**
 * The MQTT servers that most tests run against: ActiveMQ Artemis, and mosquitto where it is
 * installed.
 */
import { isInstalled, mosquitto } from './servers/mosquitto.ts'
import { services } from './services.ts'

export interface BrokerMake {
  readonly name: string
  /**
   * Keeps to MQTT 5.0, 4.4 and 4.6. Artemis 2.55 sends again under new packet ids, and out of order
   * once a Receive Maximum was reached.
   */
  readonly strict: boolean
  /** The address for anonymous clients. */
  start(): Promise<string>
  stop(): Promise<void>
}

const artemis: BrokerMake = {
  name: 'Artemis',
  strict: false,
  start: async () => (await services('mqtt')).mqtt.url,
  stop: async () => {}
}

const ofDebian: BrokerMake = {
  name: mosquitto.name,
  strict: mosquitto.resendsInOrder,
  start: async () => (await mosquitto.start()).url,
  stop: () => mosquitto.end()
}

export const makes: readonly BrokerMake[] = isInstalled ? [artemis, ofDebian] : [artemis]
