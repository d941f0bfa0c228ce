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
})
