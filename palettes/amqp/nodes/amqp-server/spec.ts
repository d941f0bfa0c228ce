import type { NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'millrace-amqp-server',
  label: 'amqp server',
  summary: 'How to reach a server of AMQP 1.0: address, login, TLS.',
  category: 'config',
  family: 'amqp',
  inputs: 0,
  outputs: [],
  sections: { access: 'Login and certificates' },
  fields: {
    server: {
      kind: 'choice',
      label: 'Server',
      harmless: true,
      default: 'artemis',
      choices: {
        artemis: 'ActiveMQ Artemis',
        rabbitmq: 'RabbitMQ 4',
        'service-bus': 'Azure Service Bus',
        any: 'another one'
      },
      help: 'What addresses of queues and topics look like there, and what a link has to ask for.'
    },
    url: {
      kind: 'text',
      label: 'Address',
      default: 'amqp://127.0.0.1:18883',
      placeholder: 'amqps://broker.example:5671',
      required: true,
      pattern: 'amqps?://[^/?#@\\s]+/?',
      patternHint: 'amqp:// or amqps://, host and port, without user and password',
      help: 'amqp:// or amqps:// (TLS), host and port; 5672 and 5671 where it names none. The default is the server of npm start.'
    },
    login: {
      kind: 'choice',
      label: 'Login',
      default: 'none',
      choices: {
        none: 'none (SASL ANONYMOUS)',
        password: 'user name and password (SASL PLAIN)',
        certificate: 'client certificate (SASL EXTERNAL)'
      },
      section: 'access',
      help: 'How this client says who it is. A certificate is that of the TLS configuration.'
    },
    username: {
      kind: 'text',
      label: 'User name',
      default: '',
      required: true,
      section: 'access',
      when: { login: 'password' },
      help: 'In Azure Service Bus the name of the shared access policy.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      default: '',
      section: 'access',
      when: { login: 'password' },
      help: 'Is kept with the credentials of the flows, encrypted. In Azure Service Bus the key of the policy.'
    },
    tls: {
      kind: 'ref',
      label: 'TLS',
      default: '',
      type: 'tls-config',
      optional: true,
      section: 'access',
      help: 'Certificates for amqps://: the authority to trust, and one for this client where the server demands it.'
    },
    containerId: {
      kind: 'text',
      label: 'Container id',
      harmless: true,
      default: '',
      placeholder: 'millrace',
      pattern: '[^\\s]*',
      patternHint: 'without spaces',
      section: 'advanced',
      help: 'Begins what each node calls itself to the server; the id of the node follows. Several Node-REDs with the same flow need one each, that is the same after every restart.'
    },
    hostname: {
      kind: 'text',
      label: 'Virtual host',
      default: '',
      placeholder: 'vhost:plant',
      section: 'advanced',
      help: 'Told when the connection is opened; the host of the address where empty. In RabbitMQ a virtual host is vhost: and its name.'
    },
    idleS: {
      kind: 'number',
      label: 'Idle timeout',
      harmless: true,
      default: 5,
      min: 0,
      max: 3600,
      unit: 's',
      section: 'advanced',
      help: 'A server that is silent for twice as long counts as dead. 0 turns it off.'
    }
  }
} as const satisfies NodeSpec
