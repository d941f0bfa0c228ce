import assert from 'node:assert/strict'
import { tlsOptionsOf, tlsProblem } from '../../core/tls.ts'
import { issue, keyPem } from '../../stack/certificates.ts'

describe('the TLS configuration of a node', () => {
  const of = (node: object | null) => tlsOptionsOf({ nodes: { getNode: () => node } }, 'tls')
  const key = keyPem(issue('a client', 'client'))

  it('is what the tls-config node gives', () => {
    assert.deepEqual(of({ addTLSOptions: () => ({ servername: 'a' }) }), { servername: 'a' })
  })

  for (const node of [null, {}, { valid: false, addTLSOptions: () => ({}) }]) {
    it(`is not there for ${JSON.stringify(node)}`, () => assert.equal(of(node), undefined))
  }

  for (const options of [{ cert: 'rubbish' }, { key: 'rubbish' }, { key, cert: key }]) {
    it(`is not there for certificates that cannot be used: ${Object.keys(options)}`, () => {
      assert.match(tlsProblem(options) ?? '', /cannot be used/)
      assert.equal(of({ addTLSOptions: () => options }), undefined)
    })
  }
})
