import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificatePem, ensureCertificates, issue, keyPem } from '../../stack/certificates.ts'

describe('certificates', () => {
  const authority = issue('an authority', 'authority')
  const ca = new X509Certificate(certificatePem(authority))

  it('an authority signs itself, and may sign others', () => {
    assert.ok(ca.ca)
    assert.ok(ca.verify(ca.publicKey))
    assert.equal(ca.subject, 'CN=an authority')
  })

  for (const kind of ['server', 'client'] as const) {
    it(`a ${kind} certificate is signed by the authority, fits its key, and is valid now`, () => {
      const identity = issue(`a ${kind}`, kind, authority)
      const certificate = new X509Certificate(certificatePem(identity))
      assert.ok(certificate.checkIssued(ca))
      assert.ok(certificate.verify(ca.publicKey))
      assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem(identity))))
      assert.ok(!certificate.ca)
      assert.ok(
        Date.parse(certificate.validFrom) < Date.now() &&
          Date.now() < Date.parse(certificate.validTo)
      )
      assert.deepEqual(certificate.keyUsage, [
        kind === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'
      ])
    })
  }

  it('a server certificate is for this machine', () => {
    const certificate = new X509Certificate(certificatePem(issue('localhost', 'server', authority)))
    assert.equal(certificate.checkHost('localhost'), 'localhost')
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
    assert.equal(certificate.checkHost('example.com'), undefined)
  })

  it('have each a serial number of their own', () => {
    const serials = Array.from(
      { length: 20 },
      () => new X509Certificate(certificatePem(issue('x', 'client', authority))).serialNumber
    )
    assert.equal(new Set(serials).size, 20)
  })

  it('are made once for a data folder, with keys that only their owner reads', () => {
    const home = mkdtempSync(join(tmpdir(), 'millrace-certificates-'))
    try {
      const { ca: file, serverKey, clientKey } = ensureCertificates(home)
      const before = readFileSync(file, 'utf8')
      ensureCertificates(home)
      assert.equal(readFileSync(file, 'utf8'), before)
      for (const key of [serverKey, clientKey]) assert.equal(statSync(key).mode & 0o077, 0)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})
