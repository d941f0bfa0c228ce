import type { ChoiceField, NodeSpec } from '../../core/node/spec.ts'
import { type MqttServiceName, SERVICES } from './services.ts'

const labels = Object.fromEntries(
  Object.entries(SERVICES).map(([name, { label }]) => [name, label])
) as Record<MqttServiceName, string>

const qos = (label: string, help: string, topic: string): ChoiceField => ({
  kind: 'choice',
  label,
  harmless: true,
  default: '1',
  choices: { '0': '0, at most once', '1': '1, at least once', '2': '2, exactly once' },
  section: 'advanced',
  help: `${help} Only counts where "${topic}" is set.`
})

export const spec = {
  type: 'millrace-mqtt-broker',
  label: 'mqtt broker',
  summary: 'How to reach an MQTT server: address, login, TLS, session, birth and will.',
  category: 'config',
  family: 'mqtt',
  inputs: 0,
  outputs: [],
  sections: { login: 'Login and certificates' },
  fields: {
    service: {
      kind: 'choice',
      label: 'Server is',
      harmless: true,
      default: 'own',
      choices: { own: 'any MQTT server', ...labels },
      help: 'Choosing a make fills in what it needs, and says what it refuses.'
    },
    url: {
      kind: 'text',
      check: 'mqtt-url',
      as: 'mqtt-address',
      label: 'Address',
      default: 'mqtt://127.0.0.1:18883',
      placeholder: 'mqtt://broker.example:1883',
      required: true,
      help: 'mqtt:// or mqtts:// (TLS), ws:// or wss:// (WebSocket), host and port. The default is the server of npm start.'
    },
    others: {
      kind: 'list',
      label: 'Further addresses',
      default: [],
      section: 'advanced',
      columns: {
        url: {
          kind: 'text',
          check: 'mqtt-url',
          label: 'Address',
          default: '',
          required: true,
          placeholder: 'mqtt://broker-2.example:1883',
          help: 'Of the same server or cluster.'
        }
      },
      help: 'Tried in turn where the first address does not answer; the status says which one serves. Once the first answers again, nodes go back to it. Login and certificates are the same for all.'
    },
    version: {
      kind: 'choice',
      label: 'Protocol',
      harmless: true,
      default: '5',
      choices: { '5': 'MQTT 5', '4': 'MQTT 3.1.1' },
      help: 'MQTT 5 tells the server how many messages may be open and how long the session lasts. Take 3.1.1 for old servers only.'
    },
    username: {
      kind: 'text',
      label: 'User name',
      section: 'login',
      default: '',
      help: 'Empty for a server that asks for none.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      section: 'login',
      default: '',
      help: 'Is kept with the credentials of the flows, encrypted.'
    },
    tls: {
      kind: 'ref',
      label: 'TLS',
      section: 'login',
      default: '',
      type: 'tls-config',
      optional: true,
      help: 'Certificates for mqtts:// and wss://: the authority to trust, and one for this client where the server demands it.'
    },
    clientId: {
      kind: 'text',
      label: 'Client id',
      harmless: true,
      default: '',
      placeholder: 'millrace',
      pattern: '[^+#/\\s]*',
      patternHint: 'without spaces, +, # and /',
      help: 'Begins the client id of every node that uses this server; the id of the node follows. Several Node-REDs with the same flow need one each, e.g. ${INSTANCE}, that is the same after every restart: never a container id.'
    },
    cleanStart: {
      kind: 'bool',
      label: 'Clean start',
      harmless: true,
      default: false,
      section: 'advanced',
      help: 'Begin every connection without a session. What is published while Node-RED is away is then lost.'
    },
    sessionExpiryS: {
      kind: 'number',
      label: 'Session expiry',
      harmless: true,
      default: 86_400,
      min: 0,
      max: 4_294_967_295,
      integer: true,
      unit: 's',
      section: 'advanced',
      when: { version: '5', cleanStart: false },
      help: 'How long the server keeps messages for a client that is away. It may allow less.'
    },
    keepaliveS: {
      kind: 'number',
      label: 'Keepalive',
      harmless: true,
      default: 30,
      min: 0,
      max: 65_535,
      integer: true,
      unit: 's',
      section: 'advanced',
      help: 'A dead server is noticed after one and a half times this. 0 turns it off.'
    },
    topicAliasMaximum: {
      kind: 'number',
      label: 'Topic aliases',
      harmless: true,
      default: 0,
      min: 0,
      max: 65_535,
      integer: true,
      section: 'advanced',
      when: { version: '5' },
      help: 'How many long topics the server may replace by numbers. Saves bandwidth, not time.'
    },
    birthTopic: {
      kind: 'text',
      label: 'Birth topic',
      harmless: true,
      default: '',
      section: 'advanced',
      pattern: '[^+#]*',
      patternHint: 'a topic without wildcards',
      help: 'Where to publish that a node is connected. {client_id} stands for its client id. Empty for none.'
    },
    birthPayload: {
      kind: 'text',
      label: 'Birth payload',
      harmless: true,
      default: 'online',
      section: 'advanced',
      help: 'The message; {client_id} may stand in it.'
    },
    birthQos: qos('Birth QoS', 'With which certainty it is published.', 'Birth topic'),
    birthRetain: {
      kind: 'bool',
      label: 'Birth retained',
      harmless: true,
      default: true,
      section: 'advanced',
      help: 'The server keeps it for whoever subscribes later.'
    },
    willTopic: {
      kind: 'text',
      label: 'Will topic',
      harmless: true,
      default: '',
      section: 'advanced',
      pattern: '[^+#]*',
      patternHint: 'a topic without wildcards',
      help: 'Where the server publishes that the connection broke; the node does so itself when it stops. Empty for none.'
    },
    willPayload: {
      kind: 'text',
      label: 'Will payload',
      harmless: true,
      default: 'offline',
      section: 'advanced',
      help: 'The message; {client_id} may stand in it.'
    },
    willQos: qos('Will QoS', 'With which certainty it is published.', 'Will topic'),
    willRetain: {
      kind: 'bool',
      label: 'Will retained',
      harmless: true,
      default: true,
      section: 'advanced',
      help: 'The server keeps it for whoever subscribes later.'
    }
  }
} as const satisfies NodeSpec
