import assert from 'node:assert/strict'
import fc from 'fast-check'
import { copyKind, isBinary } from '../../../stack/timescale/copy.ts'
import {
  errorResponse,
  makeMessage,
  readyForQuery,
  simpleQuery,
  splitMessages,
  sqlOf,
  startupParameters,
  statementOf,
  summarize,
  usesUnnamed,
  withoutMessages,
  withPrefix
} from '../../../stack/timescale/messages.ts'

const parse = (name: string, sql: string) => makeMessage('P', name, sql, [0, 0])
const bind = (portal: string, statement: string) =>
  makeMessage('B', portal, statement, [0, 0, 0, 0, 0, 0])
const describeStatement = (name: string) => makeMessage('D', Buffer.from('S'), name)
const execute = (portal: string) => makeMessage('E', portal, [0, 0, 0, 0])
const closeStatement = (name: string) => makeMessage('C', Buffer.from('S'), name)

describe('messages of PostgreSQL', () => {
  it('are found again however the bytes are cut', () => {
    const message = fc
      .tuple(fc.constantFrom('P', 'B', 'd', 'Q'), fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => makeMessage(type, [...body]))
    fc.assert(
      fc.property(fc.array(message), fc.nat(500), (messages, cut) => {
        const bytes = Buffer.concat(messages)
        const first = splitMessages(bytes.subarray(0, cut))
        const second = splitMessages(Buffer.concat([first.rest, bytes.subarray(cut)]))
        assert.deepEqual([...first.messages, ...second.messages], messages)
        assert.equal(second.rest.length, 0)
      })
    )
  })

  const prefixed = [
    { message: parse('s', 'SELECT 1'), becomes: parse('c1.s', 'SELECT 1') },
    { message: parse('', 'SELECT 1'), becomes: parse('', 'SELECT 1') },
    { message: bind('', 's'), becomes: bind('', 'c1.s') },
    { message: bind('p', ''), becomes: bind('c1.p', '') },
    { message: describeStatement('s'), becomes: describeStatement('c1.s') },
    { message: execute('p'), becomes: execute('c1.p') },
    { message: closeStatement('s'), becomes: closeStatement('c1.s') },
    { message: simpleQuery('SELECT 1'), becomes: simpleQuery('SELECT 1') }
  ]
  for (const { message, becomes } of prefixed) {
    it(`${JSON.stringify(message.toString('latin1'))} becomes ${JSON.stringify(becomes.toString('latin1'))} for client 1`, () => {
      assert.deepEqual(withPrefix(message, 'c1.'), becomes)
    })
  }

  it('tell their statement, their SQL, and whether they use the unnamed one', () => {
    assert.equal(statementOf(parse('s', 'SELECT 1')), 's')
    assert.equal(statementOf(closeStatement('s')), 's')
    assert.equal(sqlOf(parse('s', 'SELECT 1')), 'SELECT 1')
    assert.equal(sqlOf(simpleQuery('SELECT 2')), 'SELECT 2')
    for (const message of [parse('', 'x'), bind('p', ''), describeStatement('')])
      assert.ok(usesUnnamed(message))
    for (const message of [parse('s', 'x'), bind('', 's'), describeStatement('s'), execute('')])
      assert.ok(!usesUnnamed(message))
  })

  it('of a response say how it ended', () => {
    const failed = Buffer.concat([errorResponse('ERROR', '42601', 'no'), readyForQuery('I')])
    assert.deepEqual(summarize(failed), { status: 'I', failed: true })
    assert.deepEqual(summarize(readyForQuery('T')), { status: 'T', failed: false })
    assert.deepEqual(withoutMessages(failed, 'E', 1), readyForQuery('I'))
  })

  it('at the start name user, database and settings', () => {
    const packet = Buffer.concat([
      Buffer.alloc(8),
      Buffer.from('user\0me\0database\0mine\0options\0-c a=b\0\0')
    ])
    assert.deepEqual(startupParameters(packet), { user: 'me', database: 'mine', options: '-c a=b' })
  })
})

describe('COPY FROM STDIN', () => {
  const queries = [
    { sql: 'COPY t FROM STDIN', kind: 'collect', binary: false },
    {
      sql: ' copy "from stdin" (a, b)\nfrom stdin with (format binary);',
      kind: 'collect',
      binary: true
    },
    { sql: '/* rows */ COPY t FROM STDIN BINARY', kind: 'collect', binary: true },
    { sql: 'COPY "binary" FROM STDIN', kind: 'collect', binary: false },
    { sql: 'BEGIN; COPY t FROM STDIN', kind: 'refuse', binary: false },
    { sql: 'COPY t FROM STDIN; COMMIT', kind: 'refuse', binary: false },
    {
      sql: "COPY t FROM STDIN (FORMAT binary); SELECT 'a;b' WHERE true",
      kind: 'collect',
      binary: true
    },
    { sql: 'COPY t FROM STDIN; SELECT 1; COPY u FROM STDIN', kind: 'refuse', binary: false },
    { sql: "SELECT 'copy t from stdin'", kind: undefined, binary: false },
    { sql: 'SELECT $x$copy t from stdin$x$ -- copy t from stdin', kind: undefined, binary: false },
    { sql: 'COPY t TO STDOUT', kind: undefined, binary: false }
  ] as const
  for (const { sql, kind, binary } of queries) {
    it(`${JSON.stringify(sql)}: ${kind ?? 'is none'}`, () => {
      assert.equal(copyKind(simpleQuery(sql)), kind)
      assert.equal(isBinary(simpleQuery(sql)), binary)
      assert.equal(copyKind(parse('', sql)), kind && 'refuse')
    })
  }
})
