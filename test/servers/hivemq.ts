import { hiveMqCommand } from '../../stack/hivemq/launcher.ts'
import { OwnServer } from './own-server.ts'
import type { MqttServer } from './server.ts'

const server = new OwnServer('hivemq', hiveMqCommand)

/** HiveMQ CE, embedded. */
export const hivemq: MqttServer = {
  name: 'HiveMQ CE',
  refusesSubscriptions: true,
  keepsWhatItAcknowledged: true,
  sendsAhead: false,
  sharesEvenly: false,
  passesOnToTheGroup: true,
  resendsInOrder: true,
  start: () => server.start(),
  kill: () => server.kill(),
  restart: () => server.restart(),
  saved: async () => {},
  end: () => server.end()
}
