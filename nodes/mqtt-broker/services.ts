import type { OfferedService } from '../../core/node/offered-service.ts'

interface MqttService extends OfferedService {
  readonly label: string
  /** Where its maker says so. */
  readonly document: string
}

/** By name: what MQTT servers need and refuse, as their makers' documents have it. */
export const SERVICES = {
  mosquitto: {
    label: 'Eclipse Mosquitto',
    document: 'https://mosquitto.org/man/mosquitto-conf-5.html',
    settings: { version: '5' },
    note: 'On the server: persistence true, autosave_interval 1 with autosave_on_changes true, max_queued_messages 0. A subscription that the user may not have is granted, and nothing comes.'
  },
  emqx: {
    label: 'EMQX',
    document: 'https://docs.emqx.com/en/emqx/latest/configuration/mqtt.html',
    settings: { version: '5' },
    note: 'On the server: mqtt.session_expiry_interval for clients of MQTT 3.1.1, mqtt.max_mqueue_len for what a session may hold (1,000 by default), and durable sessions for what is to outlive a restart.'
  },
  hivemq: {
    label: 'HiveMQ',
    document: 'https://docs.hivemq.com/hivemq/latest/user-guide/configuration.html',
    settings: { version: '5' },
    note: 'A session holds 1,000 messages unless max-queued-messages says otherwise. HiveMQ Cloud wants mqtts:// at port 8883, and a user of its access management.'
  },
  vernemq: {
    label: 'VerneMQ',
    document: 'https://docs.vernemq.com/configuring-vernemq/options',
    settings: { version: '5' },
    note: 'On the server: listener.tcp.allowed_protocol_versions must have 5, and max_offline_messages says what a session may hold (1,000 by default).'
  },
  nanomq: {
    label: 'NanoMQ',
    document: 'https://nanomq.io/docs/en/latest/config-description/mqtt.html',
    settings: { version: '5' },
    note: 'Sessions are in memory unless sqlite is enabled, so what waits in them is lost with the process. max_mqueue_len says what a session may hold.'
  },
  'aws-iot': {
    label: 'AWS IoT Core',
    document: 'https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html',
    settings: {
      url: 'mqtts://ENDPOINT-ats.iot.REGION.amazonaws.com:8883',
      version: '5',
      sessionExpiryS: 3_600,
      birthQos: '1',
      willQos: '1'
    },
    note: 'Login by a certificate: choose a TLS configuration with it. At port 443 its ALPN protocol must be x-amzn-mqtt-ca. QoS 0 and 1 only, 128 KB a message, a session lasts an hour unless the quota is raised.'
  },
  'event-grid': {
    label: 'Azure Event Grid',
    document: 'https://learn.microsoft.com/azure/event-grid/mqtt-support',
    settings: {
      url: 'mqtts://NAMESPACE.REGION-1.ts.eventgrid.azure.net:8883',
      version: '5',
      sessionExpiryS: 3_600,
      birthQos: '1',
      willQos: '1'
    },
    note: 'Login by a certificate whose client is registered; the user name is its authentication name. QoS 0 and 1 only, 512 KB a message. A session that holds 100 messages or 1 MB is ended, so it bridges short pauses only.'
  },
  'iot-hub': {
    label: 'Azure IoT Hub',
    document: 'https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub',
    settings: {
      url: 'mqtts://HUB.azure-devices.net:8883',
      version: '4',
      username: 'HUB.azure-devices.net/DEVICE/?api-version=2021-04-12',
      birthQos: '1',
      willQos: '1'
    },
    note: 'For one device: it may publish to devices/DEVICE/messages/events/ and subscribe to its own topics only. To read what all devices send, take the built-in endpoint by a kafka cluster (Azure Event Hubs). Login by a certificate, or a SAS token as password, which has to be renewed.'
  }
} as const satisfies Readonly<Record<string, MqttService>>

export type MqttServiceName = keyof typeof SERVICES

export const serviceOf = (name: string): OfferedService | undefined =>
  Object.hasOwn(SERVICES, name) ? SERVICES[name as MqttServiceName] : undefined
