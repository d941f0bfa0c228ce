import { kill, restart, services } from '../services.ts'
import type { MqttServer } from './server.ts'

/** The server of `npm start`: ActiveMQ Artemis. */
export const artemis: MqttServer = {
  name: 'Artemis',
  refusesSubscriptions: true,
  keepsWhatItAcknowledged: true,
  sendsAhead: true,
  sharesEvenly: true,
  passesOnToTheGroup: true,
  resendsInOrder: false,
  async start() {
    const { mqtt } = await services('mqtt')
    if (!mqtt.secure) throw new Error('MQTT_URL names a server of which nothing else is known')
    // On the same ports.
    const byWebSocket = (url: string) => url.replace(/^mqtt/, 'ws')
    const { secure } = mqtt
    const wsUrl = byWebSocket(mqtt.url)
    return { url: mqtt.url, ...secure, wsUrl, wssUrl: byWebSocket(secure.tlsUrl) }
  },
  kill: () => kill('mqtt'),
  async restart() {
    await restart('mqtt')
  },
  saved: async () => {},
  end: async () => {}
}
