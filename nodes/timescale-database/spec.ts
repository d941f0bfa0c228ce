import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-timescale-database',
  label: 'timescale database',
  summary:
    'How to reach a TimescaleDB or PostgreSQL database: address, login, TLS, number of connections.',
  category: 'config',
  family: 'timescale',
  inputs: 0,
  outputs: [],
  sections: { login: 'Login and certificates' },
  fields: {
    connection: {
      kind: 'choice',
      label: 'Given as',
      default: 'url',
      choices: { url: 'one URL', fields: 'host, port, database and user' },
      help: 'A URL is what cloud services hand out, and fits into one environment variable.'
    },
    url: {
      kind: 'text',
      check: 'postgres-url',
      label: 'URL',
      default: 'postgres://postgres@127.0.0.1:15433/postgres',
      placeholder: '${TIMESCALE_URL}',
      required: true,
      when: { connection: 'url' },
      help: 'postgres://user@host:port/database, or an environment variable such as ${TIMESCALE_URL}. Put the password into its own field. The default is the server of npm start.'
    },
    host: {
      kind: 'text',
      check: 'host',
      label: 'Host',
      default: '127.0.0.1',
      required: true,
      when: { connection: 'fields' },
      help: 'Name or address of the server.'
    },
    port: {
      kind: 'number',
      label: 'Port',
      default: 5432,
      min: 1,
      max: 65_535,
      integer: true,
      when: { connection: 'fields' },
      help: 'PostgreSQL listens on 5432 unless told otherwise.'
    },
    database: {
      kind: 'text',
      label: 'Database',
      default: 'postgres',
      required: true,
      when: { connection: 'fields' },
      help: 'Name of the database.'
    },
    user: {
      kind: 'text',
      label: 'User name',
      default: 'postgres',
      required: true,
      when: { connection: 'fields' },
      help: 'Needs the right to insert into the table, and to create it where the sink shall do so.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      section: 'login',
      default: '',
      help: 'Is kept with the credentials of the flows, encrypted. Empty takes the one in the URL, or none.'
    },
    tls: {
      kind: 'ref',
      label: 'TLS',
      section: 'login',
      default: '',
      type: 'tls-config',
      optional: true,
      help: 'The authority to trust, and a certificate for this client where the server demands it. Without it, sslmode in the URL decides.'
    },
    maxConnections: {
      kind: 'number',
      label: 'Connections',
      harmless: true,
      default: 8,
      min: 1,
      max: 100,
      integer: true,
      section: 'advanced',
      help: 'At most this many for all nodes that use this database. Each sink takes up to its own number of them while it is busy.'
    },
    statementTimeoutS: {
      kind: 'number',
      label: 'Statement timeout',
      harmless: true,
      default: 30,
      min: 1,
      max: 3600,
      unit: 's',
      section: 'advanced',
      help: 'The server ends a statement that takes longer. A server that vanished is noticed 5 s after it.'
    }
  }
} as const satisfies NodeSpec
