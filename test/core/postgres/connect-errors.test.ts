import assert from 'node:assert/strict'
import {
  awayWords,
  databaseSentence,
  databaseWords
} from '../../../core/postgres/connect-errors.ts'
import { SettingError } from '../../../core/postgres/setting-error.ts'

const place = { host: 'db.example', port: 5432, database: 'iot', user: 'writer' }
const failure = (code: string | undefined, message = 'x') =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

describe('why a database cannot be used', () => {
  const sentences: [unknown, RegExp][] = [
    [failure('ECONNREFUSED'), /Nothing answers at db\.example:5432/],
    [new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]), /Nothing answers at/],
    [failure('ENOTFOUND'), /no host named "db\.example"/],
    [failure('28P01'), /refused the password of the user "writer"/],
    [
      failure('28000', 'no pg_hba.conf entry'),
      /does not let the user "writer" in: no pg_hba\.conf entry/
    ],
    [failure('3D000'), /no database "iot"/],
    [
      failure('42501', 'permission denied for table t'),
      /"writer" may not do this: permission denied for table t/
    ],
    [
      failure('42P01', 'relation "t" does not exist'),
      /says: relation "t" does not exist \(42P01\)/
    ],
    [failure('53300'), /no connection left/],
    [failure('57P03'), /starting up or shutting down/],
    [failure(undefined, 'timeout exceeded when trying to connect'), /did not answer in time/],
    [
      failure(undefined, 'Connection terminated unexpectedly'),
      /connection to db\.example:5432 was lost/
    ],
    [failure(undefined, 'The server does not support SSL connections'), /does not offer TLS/],
    [
      failure('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
      /certificate of .* is not trusted/
    ],
    [
      failure(undefined, 'SASL: client password must be a non-empty string'),
      /wants a password, and none is set/
    ],
    [failure(undefined, 'something new'), /cannot be used: something new/]
  ]
  for (const [error, sentence] of sentences) {
    it(String(sentence), () => {
      const said = databaseSentence(error, place)
      assert.match(said, sentence)
      assert.match(said, /[.?]$/)
    })
  }

  it('is short below the node', () => {
    assert.equal(databaseWords(failure('42P01')), 'table missing')
    assert.equal(databaseWords(failure(undefined, 'y'.repeat(200))).length, 60)
  })

  const words: [unknown, string][] = [
    [
      failure('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
      'certificate not trusted'
    ],
    [
      failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'),
      'certificate not trusted'
    ],
    [failure('CERT_HAS_EXPIRED', 'certificate has expired'), 'certificate expired'],
    [
      failure('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames"),
      'certificate of another host'
    ],
    [failure(undefined, 'The server does not support SSL connections'), 'no TLS offered'],
    [failure(undefined, 'SASL: client password must be a non-empty string'), 'password missing'],
    [failure('28P01'), 'wrong password'],
    [failure('42501'), 'no permission'],
    [failure('53100'), 'disk full'],
    [failure('58030'), 'server cannot read its files'],
    [new SettingError(['a long sentence'], 'wrong type: value'), 'wrong type: value']
  ]
  for (const [error, expected] of words)
    it(`below the node: ${expected}`, () => assert.equal(databaseWords(error), expected))

  const away: [unknown, string][] = [
    [failure('ECONNREFUSED'), 'database away'],
    [failure('25006'), 'database read-only'],
    [failure('53300'), 'no connection left'],
    [failure('ENOTFOUND'), 'unknown host']
  ]
  for (const [error, expected] of away)
    it(`below the node, in yellow: ${expected}`, () => assert.equal(awayWords(error), expected))
})
