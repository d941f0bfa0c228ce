import assert from 'node:assert/strict'
import { SettingError } from '../../../core/postgres/setting-error.ts'
import {
  copyLine,
  type FailureKind,
  failureKind,
  isServerError,
  needsPerson,
  sqlstateOf
} from '../../../core/postgres/sqlstate.ts'

const server = (code: string, more: object = {}) =>
  Object.assign(new Error('said the server'), { code, severity: 'ERROR', ...more })
const system = (code: string) => Object.assign(new Error('connect failed'), { code })

describe('SQLSTATE', () => {
  const kinds: [string, unknown, FailureKind][] = [
    ['connection refused', system('ECONNREFUSED'), 'away'],
    ['connection reset', system('ECONNRESET'), 'away'],
    ['broken pipe, which looks like a SQLSTATE', system('EPIPE'), 'away'],
    ['connection ended', new Error('Connection terminated unexpectedly'), 'away'],
    ['server shutting down', server('57P01'), 'away'],
    ['server starting', server('57P03'), 'away'],
    ['too many connections', server('53300'), 'away'],
    ['disk full', server('53100'), 'away'],
    ['connection failure', server('08006'), 'away'],
    ['read-only standby', server('25006'), 'away'],
    ['a failed transaction that a pooler left behind', server('25P02'), 'away'],
    ['a session ended for idling in a transaction', server('25P03'), 'away'],
    ['a prepared statement that a pooler has lost', server('26000'), 'away'],
    ['a pooler without a connection', server('08P01', { severity: 'FATAL' }), 'away'],
    ['a pooler that names no function', server('08P01'), 'away'],
    [
      'bytes that are no value of the column',
      server('08P01', { routine: 'pq_copymsgbytes' }),
      'poison'
    ],
    ['the wrong format of a column', server('22P03', { routine: 'ReceiveFunctionCall' }), 'poison'],
    ['a file the server cannot read', server('58P01'), 'away'],
    ['a page that is corrupted', server('XX001'), 'away'],
    ['a bug of the server, or of the row', server('XX000'), 'setting'],
    ['memory, also for locks', server('53200'), 'limit'],
    ['the time-out of a transaction', server('25P04'), 'busy'],
    ['something that is being used', server('55006'), 'busy'],
    ['a database that was dropped', server('57P04'), 'setting'],
    ['a trigger in another language', server('38000'), 'poison'],
    ['a trigger that knows no such case', server('20000'), 'poison'],
    ['an action that a trigger refuses', server('09000'), 'poison'],
    ['a view that does not show the row', server('44000'), 'poison'],
    ['JSON that is nested too deep', server('54001'), 'poison'],
    ['more columns than a table can have', server('54011'), 'setting'],
    ['a schema that is gone', server('3F000'), 'setting'],
    ['deadlock', server('40P01'), 'busy'],
    ['serialization failure', server('40001'), 'busy'],
    ['lock not available', server('55P03'), 'busy'],
    ['statement timeout', server('57014'), 'busy'],
    ['unique violation', server('23505'), 'duplicate'],
    ['null in a column that takes none', server('23502'), 'poison'],
    ['foreign key', server('23503'), 'poison'],
    ['check', server('23514'), 'poison'],
    ['bytes that are no text', server('22021'), 'poison'],
    ['time out of range', server('22008'), 'poison'],
    ['too large for the index', server('54000'), 'poison'],
    ['raised by a trigger', server('P0001'), 'poison'],
    ['too much to decompress', server('53400'), 'limit'],
    ['a key twice in one statement', server('21000'), 'limit'],
    [
      'a policy of row security',
      server('42501', { message: 'new row violates row-level security policy for table "t"' }),
      'poison'
    ],
    [
      'the same in another language',
      server('42501', { routine: 'ExecWithCheckOptions' }),
      'poison'
    ],
    ['no such table', server('42P01'), 'setting'],
    ['no such column', server('42703'), 'setting'],
    ['no right', server('42501'), 'setting'],
    ['wrong password', server('28P01'), 'setting'],
    ['no such database', server('3D000'), 'setting'],
    ['a code nobody has heard of stops all rather than rejecting all', server('ZZ999'), 'setting'],
    [
      'untrusted certificate',
      Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'setting'
    ],
    ['no TLS offered', new Error('The server does not support SSL connections'), 'setting'],
    [
      'no password given',
      new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string'),
      'setting'
    ],
    ['mapping that does not fit', new SettingError(['no'], 'no'), 'setting']
  ]
  const help: [string, unknown, boolean][] = [
    ['a full disk', server('53100'), true],
    ['a limit of temporary files', server('53400'), true],
    ['a file the server cannot read', server('58030'), true],
    ['a corrupted index', server('XX002'), true],
    ['a wrong password', server('28P01'), true],
    [
      'an untrusted certificate',
      Object.assign(new Error('x'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }),
      true
    ],
    ['a missing right', server('42501'), true],
    ['no connection left', server('53300'), false],
    ['a server that starts', server('57P03'), false],
    ['a read-only standby', server('25006'), false],
    ['a refused connection', system('ECONNREFUSED'), false]
  ]
  for (const [name, error, needed] of help) {
    it(`${name}: ${needed ? 'a person must help' : 'passes by itself'}`, () =>
      assert.equal(needsPerson(error), needed))
  }
  for (const [name, error, kind] of kinds)
    it(`${name}: ${kind}`, () => assert.equal(failureKind(error), kind))

  it('tells the server from the system', () => {
    assert.equal(isServerError(server('23505')), true)
    assert.equal(isServerError(system('EPIPE')), false)
    assert.equal(sqlstateOf(system('EPIPE')), undefined)
  })

  it('reads the line of a COPY', () => {
    assert.equal(
      copyLine(server('22021', { where: 'COPY telemetry, line 17, column device_id' })),
      17
    )
    assert.equal(
      copyLine(server('23514', { where: 'SQL statement "x"\nCOPY _hyper_1_2_chunk, line 3' })),
      3
    )
    assert.equal(copyLine(server('22021', { where: 'unnamed portal parameter $2' })), undefined)
    assert.equal(copyLine(server('22021')), undefined)
  })
})
