import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { settingsOf } from '../../../nodes/timescale-database/logic.ts'
import { spec } from '../../../nodes/timescale-database/spec.ts'

const settingsFrom = (given: object, tls?: object, environment: Record<string, string> = {}) =>
  settingsOf(
    parseOptions(spec, { ...given }, name => environment[name]),
    tls
  )

describe('the options of a database', () => {
  it('by default name the one that npm start runs', () => {
    const { host, port, user, database, password, tls } = settingsFrom({})
    assert.deepEqual(
      { host, port, user, database, password, tls },
      {
        host: '127.0.0.1',
        port: 15_433,
        user: 'postgres',
        database: 'postgres',
        password: '',
        tls: undefined
      }
    )
  })

  it('take the whole URL from the environment', () => {
    const { host, password } = settingsFrom({ url: '${TIMESCALE_URL}' }, undefined, {
      TIMESCALE_URL: 'postgres://a:b@db:5/x'
    })
    assert.deepEqual([host, password], ['db', 'b'])
    assert.throws(() => settingsFrom({ url: '${TIMESCALE_URL}' }), /TIMESCALE_URL is not set/)
  })

  it('prefer the password of the field to that of the URL', () => {
    assert.equal(settingsFrom({ url: 'postgres://a:b@db/x', password: 'c' }).password, 'c')
  })

  it('may be fields', () => {
    const given = {
      connection: 'fields',
      url: 'nonsense',
      host: 'h',
      port: 7,
      database: 'd',
      user: 'u',
      password: 'p'
    }
    const { host, port, database, user, password } = settingsFrom(given)
    assert.deepEqual([host, port, database, user, password], ['h', 7, 'd', 'u', 'p'])
  })

  it('take certificates from the TLS configuration, else what sslmode says', () => {
    assert.deepEqual(
      settingsFrom({ url: 'postgres://h/d?sslmode=require', tls: 't' }, { ca: 'x' }).tls,
      { ca: 'x' }
    )
    assert.deepEqual(settingsFrom({ url: 'postgres://h/d?sslmode=require' }).tls, {
      rejectUnauthorized: false
    })
    for (const plain of ['', '?sslmode=disable', '?sslmode=allow', '?sslmode=prefer']) {
      assert.equal(settingsFrom({ url: `postgres://h/d${plain}` }).tls, undefined)
    }
    assert.throws(() => settingsFrom({ tls: 'gone' }), /TLS configuration is missing/)
  })

  it('say what is wrong with the URL', () =>
    assert.throws(() => settingsFrom({ url: 'mysql://h/d' }), /URL: must begin with postgres/))

  it('name several hosts, each with its port, in a URL or in fields', () => {
    const hosts = [
      { host: 'a', port: 5432 },
      { host: '::1', port: 5433 },
      { host: 'c.example', port: 7 }
    ]
    const url = 'postgres://u:p%40@a,[::1]:5433,c.example:7/d?target_session_attrs=any'
    const given = settingsFrom({ url })
    assert.deepEqual(
      [given.hosts, given.host, given.port, given.user, given.password, given.database],
      [hosts, 'a', 5432, 'u', 'p@', 'd']
    )
    assert.equal(given.target, 'any')
    const fields = { connection: 'fields', host: 'a, [::1]:5433,c.example', port: 7 }
    const found = settingsFrom(fields)
    assert.deepEqual(found.hosts, [{ host: 'a', port: 7 }, hosts[1], hosts[2]])
    assert.equal(found.target, 'read-write')
    assert.equal(settingsFrom({ ...fields, host: '::1' }).host, '::1')
    assert.equal(settingsFrom({ ...fields, host: 'a' }).hosts, undefined)
  })

  const wrong: [given: object, says: RegExp][] = [
    [{ url: 'postgres://a,:5/d' }, /URL: names no host/],
    [{ url: 'postgres://a:x,b/d' }, /"postgres:\/\/a:x\/d" is not a URL/],
    [
      { url: 'postgres://a/d?target_session_attrs=standby' },
      /must be one of any, read-write, primary/
    ],
    [{ connection: 'fields', host: 'a, b/c' }, /Host: "b\/c" is no name of a host/],
    [{ connection: 'fields', host: 'a:70000' }, /Host: 70000 is no port/],
    [{ connection: 'fields', host: 'http://a' }, /Host: "http:\/\/a" is no name/],
    [{ passwordFrom: 'file', passwordFile: 'here' }, /Password file: must be a full path/],
    [{ passwordFrom: 'variable' }, /Password variable: is required/],
    [{ passwordFrom: 'variable', passwordVariable: 'A B' }, /the name of a variable/]
  ]
  for (const [given, says] of wrong)
    it(`are refused: ${JSON.stringify(given)}`, () =>
      assert.throws(() => settingsFrom(given), says))

  it('have the password from a file or variable in place of the field', async () => {
    process.env.MILLRACE_TEST_PW = 'from there'
    const given = { passwordFrom: 'variable', passwordVariable: 'MILLRACE_TEST_PW', password: 'x' }
    const { login, password } = settingsFrom(given)
    assert.equal(password, '')
    assert.equal((await login!()).password, 'from there')
    delete process.env.MILLRACE_TEST_PW
    assert.equal(settingsFrom({}).login, undefined)
  })
})
