import assert from 'node:assert/strict'
import { connectSentence } from '../../../core/kafka/kafkajs/connect-errors.ts'
import { shortReason } from '../../../core/kafka/short-reason.ts'

const settings = {
  brokers: ['kafka:9092'],
  clientId: 'test',
  sasl: { mechanism: 'plain' as const, username: 'u', password: 'p' }
}
const heard = { firstBytes: Buffer.alloc(0), connected: true }
const sentenceOf = (error: object) =>
  connectSentence(Object.assign(new Error('x'), error), settings, heard)

describe('core/kafka: what a person must mend, in short', () => {
  const cases: [error: object, expected: string | undefined][] = [
    [{ type: 'TOPIC_AUTHORIZATION_FAILED' }, 'no right to the topic'],
    [{ type: 'GROUP_AUTHORIZATION_FAILED' }, 'no right to the group'],
    [{ type: 'CLUSTER_AUTHORIZATION_FAILED' }, 'no right on the cluster'],
    [{ type: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' }, 'no right to transactions'],
    [{ type: 'SASL_AUTHENTICATION_FAILED' }, 'user name or password refused'],
    [{ type: 'UNSUPPORTED_SASL_MECHANISM' }, 'login mechanism not offered'],
    [{ type: 'ILLEGAL_SASL_STATE' }, 'broker takes no login'],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'TLS authority not trusted'],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'TLS authority not trusted'],
    [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'TLS authority not trusted'],
    [
      { message: 'Connection error: self-signed certificate in certificate chain' },
      'TLS authority not trusted'
    ],
    [
      { message: 'Connection error: unable to verify the first certificate' },
      'TLS authority not trusted'
    ],
    [{ code: 'CERT_HAS_EXPIRED' }, 'certificate has expired'],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'certificate for another host'],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'broker speaks no TLS'],
    [{ code: 'ECONNREFUSED' }, undefined],
    [{ code: 'ENOTFOUND' }, undefined],
    [{ message: 'Closed connection' }, undefined],
    [{ message: 'Request Fetch timed out' }, undefined]
  ]
  for (const [error, expected] of cases) {
    it(`${JSON.stringify(error)}: ${expected}`, () => {
      assert.equal(shortReason(sentenceOf(error)), expected)
      assert.ok((expected ?? '').length <= 30)
    })
  }
})
