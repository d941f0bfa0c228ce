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
      help: 'postgres://user@host:port/database, or an environment variable such as ${TIMESCALE_URL}; several hosts as host1:port,host2:port. Put the password into its own field. The default is the server of npm start.'
    },
    host: {
      kind: 'text',
      check: 'hosts',
      label: 'Host',
      default: '127.0.0.1',
      required: true,
      when: { connection: 'fields' },
      help: 'Name or address of the server; several with commas between, as in db1, db2:5433.'
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
    target: {
      kind: 'choice',
      label: 'Of several hosts',
      default: 'read-write',
      choices: {
        'read-write': 'the one that can be written',
        primary: 'the one that is no standby',
        any: 'the first that answers'
      },
      help: 'Which host is used (target_session_attrs, which in the URL goes before). When it dies or becomes read-only, the next one is tried at once.'
    },
    user: {
      kind: 'text',
      label: 'User name',
      default: 'postgres',
      required: true,
      when: { connection: 'fields' },
      help: 'Needs the right to insert into the table, and to create it where the sink shall do so.'
    },
    passwordFrom: {
      kind: 'choice',
      label: 'Password is in',
      section: 'login',
      default: 'field',
      choices: {
        field: 'the field below',
        file: 'a file',
        variable: 'an environment variable'
      },
      help: 'A file or variable is read anew for each new connection: a password that is changed there holds without a deploy.'
    },
    passwordFile: {
      kind: 'text',
      label: 'Password file',
      section: 'login',
      default: '',
      placeholder: '/run/secrets/db-password',
      required: true,
      check: 'full-path',
      namesSecret: true,
      when: { passwordFrom: 'file' },
      help: 'Full path of a file on the machine of Node-RED with the password as its only line.'
    },
    userFile: {
      kind: 'text',
      label: 'User name file',
      section: 'login',
      default: '',
      placeholder: 'as above',
      check: 'full-path',
      namesSecret: true,
      when: { passwordFrom: 'file' },
      help: 'The same for the user name, where that is changed with the password. Empty: the one above.'
    },
    passwordVariable: {
      kind: 'text',
      label: 'Password variable',
      section: 'login',
      default: '',
      placeholder: 'DB_PASSWORD',
      required: true,
      pattern: '[A-Za-z_][A-Za-z0-9_]*',
      patternHint: 'the name of a variable, without $ and braces',
      namesSecret: true,
      when: { passwordFrom: 'variable' },
      help: 'Name of a variable in the environment of the process, which code of this process may change.'
    },
    userVariable: {
      kind: 'text',
      label: 'User name variable',
      section: 'login',
      default: '',
      placeholder: 'as above',
      pattern: '[A-Za-z_][A-Za-z0-9_]*',
      patternHint: 'the name of a variable, without $ and braces',
      namesSecret: true,
      when: { passwordFrom: 'variable' },
      help: 'The same for the user name. Empty: the one above.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      section: 'login',
      default: '',
      when: { passwordFrom: 'field' },
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
