import type { ChoiceField, RefField, TextField } from './spec.ts'

/**
 * The fields that nodes with a connection to an MQTT server have alike; each may say more of them:
 * `{ ...mqttFields.qos, section: 'subscription' }`.
 */
export const mqttFields = {
  broker: {
    kind: 'ref',
    label: 'Server',
    default: '',
    type: 'millrace-mqtt-broker',
    help: 'The MQTT server to connect to.'
  },
  qos: {
    kind: 'choice',
    label: 'QoS',
    default: '1',
    choices: { '0': '0, at most once', '1': '1, at least once', '2': '2, exactly once' },
    help: 'What is asked of the server. Only 1 and 2 are acknowledged.'
  },
  clientId: {
    kind: 'text',
    label: 'Client id',
    default: '',
    section: 'advanced',
    pattern: '[^+#/\\s]*',
    patternHint: 'without spaces, +, # and /',
    help: 'Empty for one made of the client id of the server node and the id of this node.'
  }
} as const satisfies { broker: RefField; qos: ChoiceField; clientId: TextField }

/** The field that every node with a connection to Kafka has. */
export const kafkaFields = {
  cluster: {
    kind: 'ref',
    label: 'Cluster',
    default: '',
    type: 'millrace-kafka-cluster',
    help: 'The Kafka cluster to connect to.'
  }
} as const satisfies { cluster: RefField }
